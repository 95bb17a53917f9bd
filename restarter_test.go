package restarter

import (
	"context"
	"path/filepath"
	"testing"
)

func TestRoleOf(t *testing.T) {
	dir, err := filepath.Abs(filepath.FromSlash("/tmp/restarter-12-x"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		value     string
		abandoned bool
		want      identity
	}{
		{"", false, identity{role: parent}},
		{"off", false, identity{role: alone}},
		{"OFF", false, identity{role: parent}},
		{"on", false, identity{role: parent}},
		{"12:" + dir, false, identity{role: child, ppid: 12, dir: dir}},
		{"13:" + dir, false, identity{role: parent}}, // inherited from a grandparent
		{"13:" + dir, true, identity{role: child, ppid: 13, dir: dir}},
		{"12", false, identity{role: parent}},
		{"12:", false, identity{role: parent}},
		{"12:relative", false, identity{role: parent}},
		{"x:" + dir, true, identity{role: parent}},
		{"0:" + dir, true, identity{role: parent}},
		{"-12:" + dir, true, identity{role: parent}},
	}
	for _, test := range tests {
		got := roleOf(test.value, 12, func(int, string) bool { return test.abandoned })
		if got != test.want {
			t.Errorf("%q, abandoned %t: %+v, want %+v", test.value, test.abandoned, got, test.want)
		}
	}
}

// Outside a child nothing ends the context but its parent and its function.
func TestNotifyContextOutsideAChild(t *testing.T) {
	if !IsParent() || IsChild() || ShouldRestart() {
		t.Fatal("a test is a parent, and has not to restart")
	}
	above, end := context.WithCancel(context.Background())
	ctx, cancel := NotifyContext(above)
	defer cancel()
	if ctx.Err() != nil {
		t.Error(ctx.Err())
	}
	end()
	<-ctx.Done()
	if cause := context.Cause(ctx); cause != context.Canceled {
		t.Errorf("the cause is %v", cause)
	}
	ctx, cancel = NotifyContext(context.Background())
	cancel()
	<-ctx.Done()
	if cause := context.Cause(ctx); cause != context.Canceled {
		t.Errorf("the cause is %v", cause)
	}
}
