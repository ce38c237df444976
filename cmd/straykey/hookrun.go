package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/hook"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/scan"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// newHookRunCommand is what hooks call.
func newHookRunCommand(env *environment) *cobra.Command {
	// Whatever else a scan can be told is not for hooks: they ask nobody, write one text to standard error, and keep nothing.
	f := scanFlags{
		engine: "delta", format: "text", color: "auto", failOn: "any", exitCode: exitFindings, noProgress: true, noCache: true,
	}
	cmd := &cobra.Command{
		Use:   "run pre-commit|pre-push|pre-receive [ARGUMENT]...",
		Short: "Do what a hook of git does: look at what is committed or pushed, and refuse it if there are credentials in it",
		Long: `Look at what is about to be committed or pushed, print nothing if it holds no new
credential, and else say on standard error what stands where, and what to do.
Arguments and standard input are those that git gives to the hook of that name:

  pre-commit    what is staged, against HEAD; if the pre-commit framework is run by hand,
                what it is told to compare (--from-ref, --to-ref), or, as nothing is
                staged, all files
  pre-push      what the remote does not have yet of the refs that are pushed: commits,
                their messages, annotated tags. What a branch or tag that goes held is
                none of its business. Without a line on standard input HEAD counts: a hook
                before this one may have read them.
  pre-receive   on a server, of the refs that are pushed what no ref has yet, out of the
                objects that git keeps apart until the push is accepted

A hook sends nothing and asks no issuer, whatever the configuration says. On a server
configuration, ignore file, baseline and allow comments count as HEAD has them, not as
the push does.

` + exitCodesHelp + `
Each of them but 0 makes git refuse.`,
		Example: `  straykey hook run pre-commit
  straykey hook run pre-push origin git@example.com:app.git < refs`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || !slices.Contains(hook.Names(), args[0]) {
				return usageError("hook run takes the name of a hook (%s), for example: straykey hook run pre-commit", strings.Join(hook.Names(), ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags()
			f.archiveDepthSet = cmd.Flags().Changed("max-archive-depth")
			input, err := newHookRun(env, args[0], args[1:])
			if err != nil {
				return err
			}
			if input.name != hook.PreCommit && len(input.updates) == 0 && input.rev == "" {
				return nil
			}
			if input.name == hook.PreReceive && f.policy.ref == "" {
				f.policy.ref = "HEAD" // which is what it was: the push has no say in what counts
			}
			f.hook, f.staged = input, input.name == hook.PreCommit && input.rev == ""
			// git makes one stream of both for most hooks, not for all.
			toStderr := *env
			toStderr.stdout = env.stderr
			return runScan(cmd.Context(), &toStderr, &f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	f.addDetection(fl)
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "name every place")
	fl.BoolVar(&f.allowIncomplete, "allow-incomplete", false, "do not refuse because something could not be read")
	return cmd
}

// hookRun is what a hook was called for.
type hookRun struct {
	name    string
	remote  string        // pre-push: the name of the other side, or its URL
	updates []hook.Update // refs that are pushed and do not go
	gone    []hook.Update // refs that go
	rev     string        // instead of updates: a revision that is pushed, or compared
	from    string        // what the other side has of it; may be empty
	byHand  bool          // pre-commit: no commit is made, somebody has run the framework of that name
}

// newHookRun reads what git says to a hook.
func newHookRun(env *environment, name string, args []string) (*hookRun, error) {
	h := &hookRun{name: name}
	read := hook.ReadPrePush
	switch name {
	case hook.PreCommit:
		// git names the index to its hooks. Without a commit nothing may be staged, as in continuous integration, and
		// what was looked at would be nothing.
		h.byHand = env.getenv("PRE_COMMIT") != "" && env.getenv("GIT_INDEX_FILE") == ""
		if f, ok := hook.FromPreCommit(env.getenv); ok && f.From != "" {
			h.rev, h.from = f.To, f.From
		}
		return h, nil
	case hook.PreReceive:
		read = hook.ReadPreReceive
	default:
		if len(args) > 0 {
			h.remote = args[0]
		}
		if f, ok := hook.FromPreCommit(env.getenv); ok {
			h.remote, h.rev, h.from = f.Remote, f.To, f.From
			return h, nil
		}
	}
	var input io.Reader = strings.NewReader("")
	if !isTerminal(env.stdin) {
		input = env.stdin
	}
	updates, err := read(input)
	if err != nil {
		return nil, fmt.Errorf("hook run %s: %w", name, err)
	}
	for _, u := range updates {
		if u.New == "" {
			h.gone = append(h.gone, u)
			continue
		}
		h.updates = append(h.updates, u)
	}
	if len(updates) == 0 && name == hook.PrePush {
		h.rev = "HEAD"
	}
	return h, nil
}

// gate is what is refused.
func (h *hookRun) gate() report.Gate {
	switch h.name {
	case hook.PreCommit:
		return report.CommitGate
	case hook.PreReceive:
		return report.ReceiveGate
	}
	return report.PushGate
}

// scan looks at what is pushed.
func (h *hookRun) scan(ctx context.Context, r *repo.Repo, b *correlate.Builder, o scan.Options) (*scan.Result, error) {
	var updated, known []pack.ID
	for _, u := range slices.Concat(h.updates, h.gone) {
		if u.Old != "" {
			known = append(known, u.Old)
		}
	}
	for _, u := range h.updates {
		updated = append(updated, u.New)
	}
	if h.rev != "" {
		id, before, err := h.resolve(r, o.MaxSize)
		if err != nil {
			return nil, err
		}
		updated, known = append(updated, id), append(known, before...)
	}
	refs, problems := r.Refs()
	for _, p := range problems {
		o.Coverage.Problem(p)
	}
	for _, ref := range refs {
		// What a third party has may be new to this one. On a server every ref is known to those who can read it.
		if h.name == hook.PreReceive || h.remote != "" && strings.HasPrefix(ref.Name, "refs/remotes/"+h.remote+"/") {
			known = append(known, ref.ID)
		}
	}
	return scan.Push(ctx, r, updated, known, b, o)
}

// resolve returns what rev and from name.
func (h *hookRun) resolve(r *repo.Repo, maxSize int64) (id pack.ID, before []pack.ID, err error) {
	store, err := r.OpenStore(maxSize)
	if err != nil {
		return "", nil, err
	}
	defer store.Close()
	reader := store.NewReader()
	if id, err = r.Resolve(store, reader, h.rev); err != nil {
		return "", nil, err
	}
	if h.from != "" {
		from, err := r.Resolve(store, reader, h.from)
		if err != nil {
			return "", nil, err
		}
		before = append(before, from)
	}
	return id, before, nil
}
