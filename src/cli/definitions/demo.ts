import { FORMATS } from '../../reporters/index.js';
import type { Define } from '../define.js';
import { type AuditFlags, answerGuesses, auditOptions } from '../flags.js';

export const defineDemo: Define = (program, run) => {
  const demo = program
    .command('demo')
    .description('audit a tenant that runs inside this process')
    .option('--serve', 'keep the tenant running and print the environment to reach it')
    .option('--port <port>', 'with --serve: the port to listen on');
  for (const option of auditOptions()) demo.addOption(option);
  answerGuesses(demo, FORMATS);
  demo.addHelpText(
    'after',
    `
All flags of an audit work as well (c1-audit help audit). It looks at everyone's
credentials and exits with 0 whatever it finds, unless told otherwise.

Examples:
  c1-audit demo
  c1-audit demo -f html:demo.html
  c1-audit demo --scope mine --fail-on high
  c1-audit demo --serve`,
  );
  demo.action((flags: AuditFlags & { serve?: boolean; port?: string }) =>
    run(
      async (context) => {
        const { demoCommand } = await import('../commands/demo.js');
        return demoCommand(flags, context);
      },
      { audits: !flags.serve },
    ),
  );
};
