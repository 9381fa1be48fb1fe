import { AuditError } from '../../errors.js';
import type { Define } from '../define.js';

/** commander's own does not say why it shows the general help where a command is not there. */
export const defineHelp: Define = (program, run) => {
  program
    .command('help')
    .description('explain a command and its flags')
    .argument('[command]', 'a command')
    .action((word: string | undefined) =>
      run(async () => {
        const named = program.commands.find((command) => command.name() === word);
        if (word !== undefined && !named) throw await unknownCommand(word, program);
        (named ?? program).outputHelp();
        return 0;
      }),
    );
};

/** What to tell whoever typed a command that is not there. */
export async function unknownCommand(word: string, program: Parameters<Define>[0]): Promise<AuditError> {
  const { didYouMean } = await import('../../config/nearest.js');
  const names = program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name());
  return new AuditError(
    'usage',
    `There is no command ${JSON.stringify(word)}${didYouMean(word, names) || '.'}`,
    `Commands are ${names.join(', ')}; c1-audit --help explains them.`,
  );
}
