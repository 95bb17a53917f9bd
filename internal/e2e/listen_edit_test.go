package e2e

import (
	"net"
	"os"
	"strings"
	"testing"
)

// An edit replaces Listen by net.Listen, and the next the other way round: the parent keeps no socket that
// the new program cannot take over, and nobody tries to open an address that the old one has.
func TestEditOfListen(t *testing.T) {
	needsInheritance(t)
	for _, overlap := range []string{"0", "10 * time.Second"} {
		overlap := overlap
		t.Run("Overlap "+overlap, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", `package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/lib537/restarter"
)

const version = "1"

func main() {
	l := restarter.Launcher{Overlap: `+overlap+`, Grace: time.Minute, WaitOnFailure: true}
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	address, _ := os.ReadFile("address")
	ln, err := restarter.Listen("tcp", string(address))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.WriteFile("address", []byte(ln.Addr().String()), 0o600)
	fmt.Println("version", version)
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	context.AfterFunc(ctx, func() { ln.Close() })
	for {
		conn, err := ln.Accept()
		if err != nil {
			break
		}
		conn.Close()
	}
	os.Exit(restarter.ExitCode)
}

var _ = net.Listen
`, "address", "127.0.0.1:0")
			p := m.start()
			p.await("^version 1$")
			m.write("main.go", strings.ReplaceAll(m.replaced("main.go", "restarter.Listen(", "net.Listen("), `"1"`, `"2"`))
			p.await("^version 2$")
			m.write("main.go", strings.ReplaceAll(m.replaced("main.go", "err := net.Listen(", "err := restarter.Listen("), `"2"`, `"3"`))
			p.await("^version 3$")
			m.replace("main.go", `"3"`, `"4"`)
			p.await("^version 4$")

			// A program that fails before it comes to Listen loses no socket. The linker may leave Listen out.
			m.replace("main.go", "func main() {\n", "func main() {\n\tpanic(0)\n")
			if overlap == "0" {
				p.await("^restarter: the program failed with exit code 2; waiting for a change$")
			} else {
				p.await("^restarter: the new program exited with code 2 after .*, before it was ready; the old one keeps running$")
			}
			address, err := os.ReadFile(m.path("address"))
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", string(address))
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			m.replace("main.go", "\tpanic(0)\n", "")
			m.replace("main.go", `"4"`, `"5"`)
			p.await("^version 5$")

			// One that does not listen any more leaves the address to others.
			m.write("main.go", `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	l := restarter.Launcher{Overlap: `+overlap+`, Grace: time.Minute, WaitOnFailure: true}
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	fmt.Println("no server")
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}
`)
			m.replace("main.go", "\"os\"\n", "\"os\"\n\t\"time\"\n")
			p.await("^no server$")
			for err == nil { // until the program has lived for a while
				if conn, err = net.Dial("tcp", string(address)); err == nil {
					conn.Close()
				}
			}
			p.expect(0, addressInUse)
		})
	}
}
