package restarthttp

import (
	"slices"
	"strings"
)

// A scanner finds the last </body of a page, as a browser would: one in a script, a comment or the value of
// an attribute is none. It is given the page piece by piece.
type scanner struct {
	state scanState
	at    int    // how much was scanned
	start int    // where the tag began whose name is not known yet
	body  int    // where the last </body began, -1 if there was none
	name  []byte // of the tag
	end   string // of the raw text
	quote byte   // that ends the value
	last  byte   // what came before in a tag; raw text and comments: how much of the end was seen
}

type scanState int

const (
	inText scanState = iota
	inName
	inTag
	inValue
	inComment
	inRaw
)

// What is between these tags is text, whatever it looks like.
var rawText = []string{"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}

func (s *scanner) scan(b []byte) {
	for _, c := range b {
		s.step(c)
		s.at++
	}
}

func (s *scanner) step(c byte) {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	switch s.state {
	case inText:
		if c == '<' {
			s.state, s.start, s.name = inName, s.at, s.name[:0]
		}
	case inName:
		s.inName(c)
	case inTag:
		switch {
		case c == '>' && slices.Contains(rawText, string(s.name)):
			s.state, s.last, s.end = inRaw, 0, "</"+string(s.name)
		case c == '>':
			s.state = inText
		case (c == '"' || c == '\'') && s.last == '=':
			s.state, s.quote = inValue, c
		case !isSpace(c):
			s.last = c
		}
	case inValue:
		if c == s.quote {
			s.state, s.last = inTag, c
		}
	case inComment:
		switch {
		case c == '>' && s.last >= 2:
			s.state = inText
		case c == '-':
			s.last = min(s.last+1, 2)
		default:
			s.last = 0
		}
	case inRaw:
		switch n := int(s.last); {
		case n < len(s.end) && c == s.end[n]:
			s.last++
		case n == len(s.end) && (c == '>' || c == '/' || isSpace(c)):
			s.name = s.name[:0]
			s.state, s.last = inTag, 0
			s.step(c)
		case c == '<':
			s.last = 1
		default:
			s.last = 0
		}
	}
}

// inName reads the name of a tag, with the slash of an end tag.
func (s *scanner) inName(c byte) {
	const longest = 16
	switch {
	case string(s.name) == "!-" && c == '-':
		s.state, s.last = inComment, 2 // which may end at once
	case len(s.name) == 0 && !('a' <= c && c <= 'z') && c != '/' && c != '!' && c != '?':
		s.state = inText // a "less than"
		s.step(c)
	case c == '>' || isSpace(c) || c == '/' && len(s.name) > 0:
		if string(s.name) == "/body" {
			s.body = s.start
		}
		s.state, s.last = inTag, 0
		s.step(c)
	case len(s.name) < longest:
		s.name = append(s.name, c)
	default:
		s.state, s.last = inTag, 0
	}
}

// undecided returns from where on what was scanned may turn out to be the last </body.
func (s *scanner) undecided() int {
	switch {
	case s.body >= 0:
		return s.body
	case s.state == inName:
		return s.start
	}
	return s.at
}

func isSpace(c byte) bool { return strings.IndexByte(" \t\r\n\f", c) >= 0 }
