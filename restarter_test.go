package restarter

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lib537/restarter/internal/link"
)

func TestRoleOf(t *testing.T) {
	const pid, ppid, dead = 7, 5, 3
	alive := func(pid int) bool { return pid != dead }
	line := new(link.Line)
	open := func(name string) (*link.Line, bool) { return line, name == "3.99" }
	for _, test := range []struct {
		value string
		role  role
		dir   string
	}{
		{"", parent, ""},
		{"off", alone, ""},
		{"OFF", parent, ""},
		{"debug", parent, ""},
		{"copy", parent, ""}, // a program that a build runs
		{"5:3.99:/tmp/d", child, "/tmp/d"},
		{`5:3.99:C:\d`, child, `C:\d`},
		{"5:3.99:", child, ""},
		{"5:4.99:/tmp/d", parent, ""}, // not the line that it was started with
		{"6:3.99:/tmp/d", parent, ""}, // inherited: the parent has another number
		{"3:3.99:/tmp/d", child, "/tmp/d"},
		{"5", parent, ""},
		{"x:3.99:/tmp/d", parent, ""},
		{"-5:3.99:/tmp/d", parent, ""},
		{"claimed:7:/tmp/d", child, "/tmp/d"}, // it has replaced itself by exec
		{"claimed:5:/tmp/d", parent, ""},
	} {
		got := roleOf(test.value, pid, ppid, alive, open)
		if got.role != test.role || got.dir != test.dir {
			t.Errorf("%q: role %d in %q, want %d in %q", test.value, got.role, got.dir, test.role, test.dir)
		}
		if (got.line != nil) != (test.role == child && !strings.HasPrefix(test.value, claimed)) {
			t.Errorf("%q: line %v", test.value, got.line)
		}
	}
}

// Outside a child nothing but its parent ends a context.
func TestNotifyContextOutsideAChild(t *testing.T) {
	above, cancel := context.WithCancelCause(context.Background())
	ctx, stop := NotifyContext(above)
	defer stop()
	if ctx.Err() != nil || ShouldRestart() {
		t.Fatal("it is time to restart")
	}
	cause := errors.New("cause")
	cancel(cause)
	<-ctx.Done()
	if got := context.Cause(ctx); got != cause {
		t.Errorf("the cause is %v", got)
	}
	ctx, stop = NotifyContext(context.Background())
	stop()
	if ctx.Err() == nil {
		t.Error("its function does not end a context")
	}
}

func TestChildEnvironment(t *testing.T) {
	was := started
	defer func() { started = was }()
	started.env = []string{"A=1", "RESTARTER=debug", "RESTARTERS=2", "A=3"}
	if got := strings.Join(childEnviron("x"), " "); got != "A=1 RESTARTERS=2 A=3 RESTARTER=x" {
		t.Error(got)
	}
}

// The package says where it lives, wherever it was copied to: that is how the functions in an
// executable are found.
func TestPackagePath(t *testing.T) {
	if got := packagePath(); got != "github.com/lib537/restarter" {
		t.Error(got)
	}
}

// A test binary is neither parent nor child: a test that calls main must not launch all tests again.
func TestRoleOfATest(t *testing.T) {
	if IsParent() || IsChild() {
		t.Errorf("parent %t, child %t", IsParent(), IsChild())
	}
	defer func() {
		if recover() == nil {
			t.Error("LaunchChild launches")
		}
	}()
	LaunchChild()
}
