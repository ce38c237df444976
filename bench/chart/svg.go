package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// Geometry of the chart, in pixels.
const (
	width     = 820
	labelEnd  = 190 // labels end here, bars begin a little to the right
	barStart  = labelEnd + 10
	barLength = 470 // of the slowest tool of a repository
	barHeight = 14
	lineStep  = 21
	headStep  = 30 // for the name of a repository
	groupGap  = 16
	top       = 62
)

// style serves light and dark pages; the background stays the page's.
const style = `
text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.head { font-size: 13px; font-weight: 600 }
.note { fill: #59636e }
.label { text-anchor: end }
.bold { font-weight: 600 }
.own { fill: #0969da }
.scanner { fill: #8c959f }
.git { fill: #8c959f; fill-opacity: .35 }
.axis { stroke: #8c959f; stroke-opacity: .5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .own { fill: #4493f8 }
}
`

// svg draws a bar for the wall time of each tool, a group a repository. Bars are to scale within a group only: the
// longest is always that of the slowest tool.
func svg(h *history) []byte {
	height := top
	for _, r := range h.repos {
		height += headStep + len(r.tools)*lineStep + groupGap
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="title note">`,
		width, height, width, height)
	fmt.Fprintf(&b, "\n<style>%s</style>\n", style)
	const title, note = "Time to scan a whole history", "Wall time, less is better; bars are to scale within a repository. Pale: only reads, and looks for nothing."
	fmt.Fprintf(&b, `<text id="title" class="title" x="0" y="18">%s</text>`+"\n", title)
	fmt.Fprintf(&b, `<text id="note" class="note" x="0" y="38">%s</text>`+"\n", escape(note))
	fmt.Fprintf(&b, `<text class="note" x="0" y="54">%s</text>`+"\n", escape(h.machine+"; medians of "+h.measured()))
	y := top
	for _, r := range h.repos {
		group(&b, r, y)
		y += headStep + len(r.tools)*lineStep + groupGap
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// group draws one repository, from y down.
func group(b *bytes.Buffer, r *repository, y int) {
	fmt.Fprintf(b, `<text class="head" x="0" y="%d">%s <tspan class="note" font-weight="400">%s commits, %s of blobs</tspan></text>`+"\n",
		y+20, escape(r.name), thousands(r.commits), size(r.blobBytes))
	y += headStep
	tools, straykey := byTime(r), r.result(own).wall
	slowest := straykey
	for _, t := range tools {
		if !t.failed() {
			slowest = max(slowest, t.wall)
		}
	}
	for i, t := range tools {
		label, k := toolInfo(t.tool)
		line := y + i*lineStep
		bold, times := "", ratio(t.wall/straykey)
		if t.tool == own {
			bold, times = " bold", ""
		}
		// A bar of no width would not be seen at all.
		long := max(1.5, t.wall/slowest*barLength)
		fmt.Fprintf(b, `<text class="label%s" x="%d" y="%d">%s</text>`, bold, labelEnd, line+11, escape(label))
		if t.failed() {
			fmt.Fprintf(b, `<text class="note" x="%d" y="%d">failed (exit code %s)</text>`+"\n", barStart+6, line+11, escape(t.exit))
			continue
		}
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, k, barStart, line, long, barHeight)
		fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%d">%s<tspan class="note" font-weight="400" dx="6">%s</tspan></text>`+"\n",
			"value"+bold, barStart+long+6, line+11, seconds(t.wall), times)
	}
	fmt.Fprintf(b, `<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n",
		barStart, barStart, y-4, y+len(tools)*lineStep-3)
}

func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

func escape(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}
