package main

// A tool is a column of the table, or a variant of one, which answers some questions only.
type tool struct {
	Name    string
	Package string // what is installed
	Module  string // the module that it is in
	Version string
	Server  string   // how the server listens, see servers
	Release string   // a command that tells the version of what is not installed here
	Before  string   // a command to run once in the module
	Command string   // a shell replaces $ADDR, $PORT, and $FRONT, which is the port of a proxy
	Stdin   string   // what the command reads
	Env     []string // what is added to the environment
	Front   bool     // clients talk to a proxy
	ByHand  bool     // it watches nothing: this program builds, and signals the server
	Of, As  string   // of a variant: the name of the tool, and what is different
	Asks    string   // of a variant: the question
}

// The versions are pinned here: the newest, but for wgo and CompileDaemon. Each of those is a version that
// we knew, and may not be the newest.
var tools = []tool{
	{Name: "restarter", Server: "restarter", Command: "./server"},
	{Name: "restarter, Overlap", Server: "restarter", Command: "./server", Env: []string{"OVERLAP=10s"}},
	{Name: "air", Module: "github.com/air-verse/air", Package: "github.com/air-verse/air", Version: "v1.67.4",
		Server: "plain", Before: "air init", Command: "air"},
	{Name: "wgo", Module: "github.com/bokwoon95/wgo", Package: "github.com/bokwoon95/wgo", Version: "v0.7.1",
		Server: "plain", Command: "wgo run ."},
	{Name: "templ", Module: "github.com/a-h/templ", Package: "github.com/a-h/templ/cmd/templ", Version: "v0.3.1118",
		Server: "plain", Front: true,
		Command: "templ generate --watch --proxy=http://$ADDR --proxyport=$FRONT --open-browser=false --cmd='go run .'"},
	{Name: "CompileDaemon", Module: "github.com/githubnemo/CompileDaemon", Package: "github.com/githubnemo/CompileDaemon",
		Version: "v1.4.0", Server: "plain", Command: "CompileDaemon -build='go build -o server .' -command=./server"},
	{Name: "reflex", Module: "github.com/cespare/reflex", Package: "github.com/cespare/reflex", Version: "v0.3.1",
		Server: "plain", Command: `reflex -s -r '\.go$' -- go run .`},
	{Name: "watchexec", Server: "plain", Release: "watchexec --version", Command: "watchexec -r -e go -- go run ."},
	{Name: "entr", Server: "plain", Release: "entr 2>&1 | sed -n 's/release: //p'",
		Command: "entr -n -r go run .", Stdin: "main.go\n"},
	{Name: "tableflip", Module: "github.com/cloudflare/tableflip", Version: "v1.2.3",
		Server: "tableflip", Command: "./server", ByHand: true},

	{Of: "restarter", As: "`WaitOnFailure`", Asks: "panic", Server: "restarter", Command: "./server", Env: []string{"WAIT=1"}},
	{Of: "air", As: "its proxy", Asks: "load", Server: "plain", Front: true, Before: "air init",
		Command: "air -proxy.enabled=true -proxy.proxy_port=$FRONT -proxy.app_port=$PORT"},
	{Of: "air", As: "`build.poll`", Asks: "sees", Server: "plain", Before: "air init", Command: "air -build.poll=true"},
	{Of: "air", As: "`build.exclude_unchanged`", Asks: "same", Server: "plain", Before: "air init",
		Command: "air -build.exclude_unchanged=true"},
	{Of: "wgo", As: "`-poll 100ms`", Asks: "sees", Server: "plain", Command: "wgo run -poll 100ms ."},
	{Of: "CompileDaemon", As: "`-polling`", Asks: "sees", Server: "plain",
		Command: "CompileDaemon -polling -build='go build -o server .' -command=./server"},

	{Of: "bare", As: "Bare `go build` and start", Server: "plain", Command: "./server"},
	{Of: "bare", As: "Bare `go run`", Server: "plain", Command: "go run ."},
}

// name is unique.
func (t tool) name() string {
	if t.Of != "" {
		return t.Of + " with " + t.As
	}
	return t.Name
}
