package pack

import (
	"cmp"
	"slices"
)

// plan is which objects a walk visits, and in which order.
type plan struct {
	nodes []node   // by entry
	roots []uint32 // entries that families start with, in the order they are to be taken
	total int64    // objects to visit
}

// node is the place of an entry in the trees that are walked. Entries that are not visited and have no descendant that is are
// not in any tree.
type node struct {
	child, next uint32 // first child, next sibling: their entry plus 1, or 0
	count       uint32 // objects to visit in this subtree
	visit       bool
}

// newPlan makes the plan for the wanted objects. Objects of unknown type are always wanted, to be reported.
func newPlan(t *table, want TypeSet, filter func(Num) bool) *plan {
	p := &plan{nodes: make([]node, len(t.entries))}
	var heads []uint32
	for i := len(t.entries) - 1; i >= 0; i-- { // from the end, so that children are listed in pack order
		e := &t.entries[i]
		if e.flags&spare != 0 || !want.Has(e.typ) && e.typ != 0 {
			continue
		}
		n := &p.nodes[i]
		n.visit = filter == nil || e.typ == 0 || filter(e.num)
		if e.base == none {
			heads = append(heads, uint32(i))
			continue
		}
		base := &p.nodes[e.base]
		n.next, base.child = base.child, uint32(i)+1
	}
	slices.Reverse(heads)
	weights := make([]uint64, 0, len(heads))
	var all uint64
	var order []uint32
	for _, head := range heads {
		order = p.arrange(head, order[:0])
		count := p.nodes[head].count
		if count == 0 {
			continue
		}
		p.total += int64(count)
		weight := uint64(0)
		for _, i := range order {
			weight += uint64(t.entries[i].len)
		}
		p.roots, weights, all = append(p.roots, head), append(weights, weight), all+weight
	}
	p.heavyFirst(weights, all)
	return p
}

// arrange counts the objects to visit below head, drops the subtrees without any, and puts the largest subtree of each node
// last. When a node's last child is there, the node itself is not needed any more; so the nodes that are needed at one time
// are no more than log2 of the family's size. It returns order with the family appended, bases first.
func (p *plan) arrange(head uint32, order []uint32) []uint32 {
	order = append(order, head)
	for i := 0; i < len(order); i++ {
		for c := p.nodes[order[i]].child; c != 0; c = p.nodes[c-1].next {
			order = append(order, c-1)
		}
	}
	for _, i := range slices.Backward(order) {
		n := &p.nodes[i]
		if n.visit {
			n.count = 1
		}
		var last, largest uint32 // children
		link := &n.child
		for c := n.child; c != 0; {
			child := &p.nodes[c-1]
			next := child.next
			if child.count > 0 {
				n.count += child.count
				// Keep the largest so far out of the list.
				if largest == 0 || child.count > p.nodes[largest-1].count {
					c, largest = largest, c
				}
				if c != 0 {
					*link = c
					link = &p.nodes[c-1].next
				}
			}
			c = next
		}
		last = largest
		*link = last
		if last != 0 {
			p.nodes[last-1].next = 0
		}
	}
	return order
}

// heavyFirst moves the families that are a large part of the work to the front, so that no worker is left with one at the
// end. The others stay in pack order, which is kind to the page cache.
func (p *plan) heavyFirst(weights []uint64, all uint64) {
	const large = 1.0 / 256
	type family struct {
		root   uint32
		weight uint64
	}
	var heavy []family
	rest := make([]uint32, 0, len(p.roots))
	for i, root := range p.roots {
		if float64(weights[i]) > large*float64(all) {
			heavy = append(heavy, family{root, weights[i]})
		} else {
			rest = append(rest, root)
		}
	}
	slices.SortStableFunc(heavy, func(a, b family) int { return cmp.Compare(b.weight, a.weight) })
	p.roots = p.roots[:0]
	for _, f := range heavy {
		p.roots = append(p.roots, f.root)
	}
	p.roots = append(p.roots, rest...)
}
