package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newCompletionCommand writes shell completion scripts.
func newCompletionCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script for bash, zsh, fish or powershell",
		Long: `Print the completion script for a shell: bash, zsh, fish or powershell.

Exit codes:
  0  printed
  3  no such shell`,
		Example:   `  straykey completion bash > /etc/bash_completion.d/straykey`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("completion takes one shell (bash, zsh, fish, powershell), for example: straykey completion bash")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(env.stdout, true)
			case "zsh":
				return root.GenZshCompletion(env.stdout)
			case "fish":
				return root.GenFishCompletion(env.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(env.stdout)
			}
			return usageError("no completion for shell %q; there is bash, zsh, fish and powershell, for example: straykey completion bash", args[0])
		},
	}
}

// exampleCommand returns the first command of a help text's examples, without its comment.
func exampleCommand(examples string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(examples), "\n")
	first, _, _ = strings.Cut(first, "#")
	return strings.TrimSpace(first)
}
