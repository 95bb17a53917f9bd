package main

import (
	"errors"
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A run is a tool that runs a server. All its processes have mark in their environment, by which they
// are found, and they alone are ended.
type run struct {
	tool
	app, other string // the folder of the server's module, and the file of the other one
	addr, url  string // where the server listens, and what clients ask
	env        []string
	mark       string
	log        *os.File // what the tool and the server say
	cmd        *exec.Cmd
	dead       chan struct{} // closed when the process that was started has ended
	now        source
}

var lastPort = 20000 + rand.Intn(10000)

// freePort finds a port that is free, below those that the system gives to the clients, and another one each time.
func freePort() string {
	for {
		lastPort++
		if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lastPort)); err == nil {
			ln.Close()
			return strconv.Itoa(lastPort)
		}
	}
}

// prepare lays the modules of a run, finds its ports and builds the server once.
func prepare(t tool, tmp, bin, checkout string) (*run, error) {
	dir, err := os.MkdirTemp(tmp, "run")
	if err == nil {
		err = writeModules(dir, checkout, t)
	}
	port, front := freePort(), freePort()
	log, err2 := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o644)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "== %s\n", t.name())
	r := &run{tool: t, app: filepath.Join(dir, "app"), other: filepath.Join(dir, "other", "other.go"),
		addr: "127.0.0.1:" + port, url: "http://127.0.0.1:" + port + "/", log: log, mark: "COMPARE=" + dir}
	if t.Front {
		r.url = "http://127.0.0.1:" + front + "/"
	}
	r.env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GOWORK=off", "GOFLAGS=",
		"RESTARTER=", "TMPDIR="+dir, "ADDR="+r.addr, "PORT="+port, "FRONT="+front, r.mark)
	r.env = append(r.env, t.Env...)
	if err := r.do("go build -mod=mod -o server ."); err != nil || t.Before == "" {
		return r, err
	}
	return r, r.do(t.Before)
}

// command is a command in the module. What it says goes into the log.
func (r *run) command(text string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", text)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = r.app, r.env, r.log, r.log
	return cmd
}

// do runs a command to its end.
func (r *run) do(text string) error {
	if err := r.command("exec timeout 120 sh -c '" + text + "'").Run(); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

// start starts the tool in a process group of its own, as a shell does it, and waits until the server
// answers.
func (r *run) start() error {
	cmd, dead := r.command("exec "+r.Command), make(chan struct{})
	if r.Stdin != "" {
		cmd.Stdin = strings.NewReader(r.Stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { cmd.Wait(); close(dead) }()
	r.cmd, r.dead = cmd, dead
	_, err := r.await(30*time.Second, func(p page) bool { return p.version == r.now.version })
	return err
}

// up starts the tool unless it runs and serves the source as it is now.
func (r *run) up() error {
	if p, err := r.get(); err == nil && p.version == r.now.version {
		return nil
	}
	r.kill()
	if r.Command == "./server" {
		if err := r.do("go build -o server ."); err != nil {
			return err
		}
	}
	return r.start()
}

// marked finds the processes whose environment has a text. A zero byte is before and after each variable.
func marked(text string) (pids []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range names {
		environ, _ := os.ReadFile(name)
		if strings.Contains("\x00"+string(environ), text) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill ends the processes that are marked.
func kill(text string) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		pids := marked(text)
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (r *run) processes() []int { return marked("\x00" + r.mark + "\x00") }
func (r *run) kill()            { kill("\x00" + r.mark + "\x00") }

// proc reads files about all processes of the run.
func (r *run) proc(pattern string, read func(text string)) {
	for _, pid := range r.processes() {
		names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/%s", pid, pattern))
		for _, name := range names {
			text, _ := os.ReadFile(name)
			read(string(text))
		}
	}
}

// cpu is the processor time that the run has taken, by the account of the system.
func (r *run) cpu() (total time.Duration) {
	r.proc("task/*/schedstat", func(text string) {
		var ns int64
		fmt.Sscan(text, &ns)
		total += time.Duration(ns)
	})
	return total
}

// notified reports whether the run has asked the system for notifications of files.
func (r *run) notified() (yes bool) {
	r.proc("fdinfo/*", func(text string) { yes = yes || strings.Contains(text, "inotify wd:") })
	return yes
}
