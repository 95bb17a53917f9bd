package link

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Messages arrive whole and in order, whatever is in them.
func TestMessages(t *testing.T) {
	p := start(t, "echo")
	texts := []string{"", "a", "with\x00zeros\n", "ä", strings.Repeat("x", 65536), strings.Repeat("0123456789", 200_000), "last"}
	for i, text := range texts {
		p.send(byte('a'+i), text, nil)
		if f := p.want(byte('a'+i), text); f != nil {
			t.Error("a file came with it")
		}
	}
	p.send(0, "", nil)
	p.send(255, "behind it", nil)
	p.want(0, "")
	p.want(255, "behind it")
}

// Several goroutines send: each message arrives whole, those of one in its order.
func TestSendSideBySide(t *testing.T) {
	const senders, messages = 8, 100
	p := start(t, "echo")
	var all sync.WaitGroup
	for i := 0; i < senders; i++ {
		all.Add(1)
		go func(kind byte) {
			defer all.Done()
			for j := 0; j < messages; j++ {
				if err := p.line.Send(kind, fmt.Sprint(j, strings.Repeat(string(rune(kind)), 50*j)), nil); err != nil {
					t.Error(err)
				}
			}
		}(byte('a' + i))
	}
	next := make(map[byte]int)
	for i := 0; i < senders*messages; i++ {
		kind, text, _, err := p.line.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(next[kind], strings.Repeat(string(rune(kind)), 50*next[kind])); text != want {
			t.Fatalf("%c: %d bytes %.20q, want %d bytes %.20q", kind, len(text), text, len(want), want)
		}
		next[kind]++
	}
	all.Wait()
}

// A text that the other end would not take is refused here, and the line goes on.
func TestTextThatIsTooLong(t *testing.T) {
	p := start(t, "echo")
	if err := p.line.Send('a', strings.Repeat("x", longest+1), nil); err == nil {
		t.Error("sent")
	}
	p.send('b', "next", nil)
	p.want('b', "next")
}

// The end of a process ends the line for the other.
func TestTheOtherEndIsGone(t *testing.T) {
	for how, end := range map[string]func(p *process){
		"left":   func(p *process) { p.send('x', "leave", nil) },
		"killed": func(p *process) { p.cmd.Process.Kill() },
	} {
		p := start(t, "echo")
		p.send('a', "1", nil)
		p.want('a', "1")
		end(p)
		if kind, text, _, err := p.line.Receive(); err == nil {
			t.Errorf("%s: received %c %q", how, kind, text)
		}
		p.cmd.Wait()
		// The first may fit into a buffer where no socket tells.
		if err := p.line.Send('a', "1", nil); err == nil && CarriesFiles {
			t.Errorf("%s: sent", how)
		}
	}
}

func TestThisEndIsClosed(t *testing.T) {
	p := start(t, "echo")
	p.send('a', "1", nil)
	p.want('a', "1")
	p.line.Close()
	if said := p.said(); said != "the line has ended" {
		t.Error(said)
	}
	if err := p.line.Send('a', "1", nil); err == nil {
		t.Error("sent over a closed line")
	}
}

// Close ends a Receive that waits.
func TestCloseEndsReceive(t *testing.T) {
	p := start(t, "echo")
	ended := make(chan error)
	go func() {
		_, _, _, err := p.line.Receive()
		ended <- err
	}()
	if !CarriesFiles { // a pipe waits for the other end
		p.cmd.Process.Kill()
	}
	p.line.Close()
	if err := <-ended; err == nil {
		t.Error("received something")
	}
}

// What the child starts does not get the line, though it may know its name.
func TestTheLineIsNotInherited(t *testing.T) {
	p := start(t, "again")
	if said := p.said(); said != "opened: false" {
		t.Error(said)
	}
}

func TestOpenOfNonsense(t *testing.T) {
	for _, name := range []string{"", ".", "x", "3", "3.", ".1", "x.y", "3.x", "-1.1", "999.1", "3.-1", "99999999999999999999.1"} {
		if l, ok := Open(name); ok {
			l.Close()
			t.Errorf("%q was opened", name)
		}
	}
}
