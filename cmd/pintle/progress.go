package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A bar shows on a terminal how far a command is, once that takes more than a second.
type bar struct {
	title string
	began time.Time
	shown *progressbar.ProgressBar // nil until it is worth it
	off   bool
}

func (p *program) progress(title string) *bar {
	stderr, ok := p.stderr.(*os.File)
	return &bar{title: title, began: time.Now(), off: !ok || !term.IsTerminal(int(stderr.Fd()))}
}

func (b *bar) set(done, total int) {
	if b.off || b.shown == nil && time.Since(b.began) < time.Second {
		return
	}
	if b.shown == nil {
		b.shown = progressbar.NewOptions(total,
			progressbar.OptionSetDescription(b.title),
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	b.draw(done)
}

// draw and done cannot fail in a way that matters: the bar is an ornament.
func (b *bar) draw(done int) { _ = b.shown.Set(done) }

func (b *bar) done() {
	if b.shown != nil {
		_ = b.shown.Finish()
	}
}
