import type { Define } from '../define.js';
import { answerGuesses } from '../flags.js';

export const defineRules: Define = (program, run) => {
  const rules = program
    .command('rules')
    .description('list the rules, or explain one')
    .argument('[id]', 'a rule')
    .option('-c, --config <file>', 'configuration, for the rules of its plug-ins')
    .option('-f, --format <format>', 'text or json', 'text')
    .action((id: string | undefined, flags: { config?: string; format: string }) =>
      run(async (context) => {
        const { rulesCommand } = await import('../commands/rules.js');
        return rulesCommand(id, flags, context);
      }),
    );
  answerGuesses(rules, ['text', 'json'], false);
};
