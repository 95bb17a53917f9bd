package socket

import (
	"net"
	"sync"
)

// Reporting returns ln as a listener that calls report when it is first asked to accept a connection.
func Reporting(ln net.Listener, report func()) net.Listener {
	report = sync.OnceFunc(report)
	switch ln := ln.(type) {
	case *net.TCPListener:
		return &reportingTCP{ln, report}
	case *net.UnixListener:
		return &reportingUnix{ln, report}
	}
	return ln
}

type reportingTCP struct {
	*net.TCPListener
	report func()
}

func (l *reportingTCP) Accept() (net.Conn, error) { return l.AcceptTCP() }

func (l *reportingTCP) AcceptTCP() (*net.TCPConn, error) {
	l.report()
	return l.TCPListener.AcceptTCP()
}

type reportingUnix struct {
	*net.UnixListener
	report func()
}

func (l *reportingUnix) Accept() (net.Conn, error) { return l.AcceptUnix() }

func (l *reportingUnix) AcceptUnix() (*net.UnixConn, error) {
	l.report()
	return l.UnixListener.AcceptUnix()
}
