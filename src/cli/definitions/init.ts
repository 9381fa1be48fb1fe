import type { Define } from '../define.js';

/** Flags of `init`, as commander hands them over. */
export interface InitFlags {
  readonly tenant?: string;
  readonly auth?: string;
  readonly scope?: string;
  readonly profile?: string;
  readonly failOn?: string;
  /** false with `--no-slack`. */
  readonly slack?: boolean;
  readonly repository?: string;
  readonly branch?: string;
  readonly schedule?: string;
  readonly dir?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly update?: boolean;
}

export const defineInit: Define = (program, run) => {
  program
    .command('init')
    .description('set up nightly audits in a GitHub repository')
    .option('--tenant <domain>', 'the tenant: acme or acme.conductor.one')
    .option('--auth <login>', 'federation (stores no secret) or secret')
    .option('--scope <scope>', "tenant (everyone's credentials) or mine")
    .option('--profile <name>', 'rule settings')
    .option('--fail-on <severity>', 'fail at this severity or above, or never')
    .option('--slack', 'send new findings to Slack')
    .option('--no-slack', 'do not send to Slack')
    .option('--repository <owner/name>', 'where it will run (default: from .git)')
    .option('--branch <name>', 'its default branch (default: from .git, or main)')
    .option('--schedule <cron>', 'when, in UTC (default: "17 4 * * *")')
    .option('--dir <folder>', 'root of the repository (default: here)')
    .option('-y, --yes', 'do not ask, use the defaults')
    .option('--dry-run', 'print the files instead of writing them')
    .option('--force', 'overwrite existing files')
    .option('--update', 'only replace the copy of c1-audit')
    .addHelpText(
      'after',
      `
Writes a configuration, a workflow and the copy of c1-audit that it runs, then
prints what to do by hand. Asks for values that are not given.

  c1-audit init
  c1-audit init --tenant acme --repository acme/security --yes
  c1-audit init --tenant acme --auth secret --no-slack --yes --dry-run`,
    )
    .action((flags: InitFlags) =>
      run(async (context) => {
        const { initCommand } = await import('../commands/init.js');
        return initCommand(flags, context);
      }),
    );
};
