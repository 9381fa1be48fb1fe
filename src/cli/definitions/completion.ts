import type { Define } from '../define.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const defineCompletion: Define = (program, run) => {
  program
    .command('completion')
    .description('print what makes a shell complete words')
    .argument('[shell]', SHELLS.join(', '))
    .addHelpText(
      'after',
      `
Examples:
  source <(c1-audit completion bash)                         in ~/.bashrc
  c1-audit completion zsh > "\${fpath[1]}/_c1-audit"          once
  c1-audit completion fish > ~/.config/fish/completions/c1-audit.fish

It completes c1-audit, which must be on the PATH.`,
    )
    .action((shell: string | undefined) =>
      run(async (context) => {
        const { completionCommand } = await import('../commands/completion.js');
        return completionCommand(shell, context);
      }),
    );

  // What the shells' scripts call with the words typed so far.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: string[]) =>
      run(async (context) => {
        const { completeCommand } = await import('../commands/completion.js');
        return completeCommand(words, context);
      }),
    );
};
