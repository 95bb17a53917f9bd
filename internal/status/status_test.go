package status

import (
	"strconv"
	"sync"
	"testing"
)

func TestCurrentIsTheLatest(t *testing.T) {
	t.Cleanup(func() { Publish(Event{}) })
	if e, _ := Current(); e != (Event{}) {
		t.Errorf("at first: %v", e)
	}
	_, next := Current()
	_, too := Current()
	select {
	case <-next:
		t.Error("the next event is there before it is published")
	default:
	}
	want := Event{Failed, "main.go:1:1: no"}
	Publish(Event{Kind: Building})
	Publish(want)
	<-next
	<-too
	e, next := Current()
	if e != want {
		t.Errorf("%v, want %v", e, want)
	}
	select {
	case <-next:
		t.Error("an event that was read is not the next one")
	default:
	}
}

// Whoever reads on and on ends with the last event, however many readers and events there are.
func TestNobodyMissesTheLast(t *testing.T) {
	t.Cleanup(func() { Publish(Event{}) })
	const last = 1000
	var readers sync.WaitGroup
	for i := 0; i < 4; i++ {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for seen := -1; seen < last; {
				e, next := Current()
				n, _ := strconv.Atoi(e.Text)
				if n < seen {
					t.Errorf("event %d after %d", n, seen)
				}
				if seen = n; seen < last {
					<-next
				}
			}
		}()
	}
	for i := 0; i <= last; i++ {
		Publish(Event{Building, strconv.Itoa(i)})
	}
	readers.Wait()
}
