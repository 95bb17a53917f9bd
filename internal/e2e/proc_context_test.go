package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/lib537/restarter"
)

func init() {
	// A program that says all it knows of its restart, and leaves when it reads a line.
	programs["knows"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		before, stop := restarter.NotifyContext(context.Background())
		defer stop()
		above, end := context.WithCancel(context.Background())
		ended, stop := restarter.NotifyContext(above)
		defer stop()
		end()
		<-ended.Done()
		forgotten, stop := restarter.NotifyContext(context.Background())
		stop()
		restarter.Track(os.Args[1])
		fmt.Println("child", restarter.ShouldRestart(), before.Err())
		<-before.Done()
		after, stop := restarter.NotifyContext(context.Background())
		defer stop()
		<-after.Done()
		for name, ctx := range map[string]context.Context{"before": before, "after": after, "ended": ended, "forgotten": forgotten} {
			cause := context.Cause(ctx)
			fmt.Println(name, restarter.ShouldRestart(), errors.Is(cause, restarter.ErrChanged), ctx.Err())
		}
		os.Exit(0)
	}
}

// ownContext is a context of a program's own that does not say what it is.
type ownContext struct {
	context.Context
	notes map[int]int
}

func init() {
	// A program that writes to its own context while it has others made of it.
	programs["writes"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		own := ownContext{context.Background(), make(map[int]int)}
		begun, end, ended := make(chan bool), make(chan bool), make(chan bool)
		go func() {
			defer close(ended)
			for i := 0; ; i++ {
				own.notes[i%1000]++
				switch i {
				case 0:
					close(begun)
				default:
					select {
					case <-end:
						return
					default:
					}
				}
			}
		}()
		<-begun
		for n := 0; n < 1000; n++ {
			_, stop := restarter.NotifyContext(own)
			stop()
		}
		close(end)
		<-ended
		fmt.Println("made")
		os.Exit(4)
	}
}

// What a program's own context holds is none of our business.
func TestNotifyContextOfAnotherKind(t *testing.T) {
	p := start(t, command(t, "writes"))
	p.await("^made$")
	p.wantExit(4)
}

func TestContextInTheChild(t *testing.T) {
	t.Parallel()
	file := tempFile(t)
	cmd := command(t, "knows", file)
	p := start(t, cmd)
	p.await("^child false <nil>$")
	save(t, file, "changed")
	p.await("^child false <nil>$")
	p.expect(1, "^before true true context canceled$")
	p.expect(1, "^after true true context canceled$")
	p.expect(1, "^ended true false context canceled$")
	p.expect(1, "^forgotten true false context canceled$")
	stop(t, cmd.Process.Pid)
	p.exit()
	p.drain()
}
