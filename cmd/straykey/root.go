package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newRootCommand builds the command tree.
func newRootCommand(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "straykey",
		Short: "Find the keys that strayed into git",
		Long: `straykey finds the credentials of machines (API keys, tokens, certificates,
database users, service accounts) that strayed into git: in the whole history,
in what is about to be committed, or in plain files. It proves offline what can
be proved and says what it could not read.

` + exitCodesHelp,
		Example: `  straykey scan                 # the whole history of this repository
  straykey scan --staged        # what is about to be committed
  straykey scan --files DIR     # files, without git`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("no command %q; straykey --help lists them, for example: straykey scan", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetHelpCommand(newHelpCommand(root))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%w; see %s --help, for example: %s", err, cmd.CommandPath(), firstExample(cmd))
	})
	root.AddCommand(gitleaksCommands(env)...)
	root.AddCommand(
		newScanCommand(env),
		newBaselineCommand(env),
		newConfigCommand(env),
		newCICommand(env),
		newHookCommand(env),
		newMigrateCommand(env),
		newRulesCommand(env),
		newVerifyCommand(env),
		newRevokeCommand(env),
		newExplainCommand(env),
		newVersionCommand(env),
		newCompletionCommand(env),
		newManCommand(env),
	)
	return root
}

// newHelpCommand is cobra's, but for a topic that does not exist, which is wrong usage.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usageError("no command %q; straykey help lists them, for example: straykey help scan", strings.Join(args, " "))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// firstExample returns the first line of a command's examples, for error messages.
func firstExample(cmd *cobra.Command) string {
	return exampleCommand(cmd.Example)
}
