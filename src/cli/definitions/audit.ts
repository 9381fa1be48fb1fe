import { FORMATS } from '../../reporters/index.js';
import type { Define, Run } from '../define.js';
import { type AuditFlags, answerGuesses, auditOptions } from '../flags.js';

export const defineAudit: Define = (program, run) => {
  const audit = program.command('audit').description('audit a tenant; what c1-audit alone does');
  for (const option of auditOptions()) audit.addOption(option);
  answerGuesses(audit, FORMATS);
  audit.action((flags: AuditFlags) => runAudit(flags, run));
};

export function runAudit(flags: AuditFlags, run: Run): Promise<void> {
  return run(
    async (context) => {
      const { auditCommand } = await import('../commands/audit.js');
      return auditCommand(flags, context);
    },
    { audits: true },
  );
}
