type Env = Readonly<Record<string, string | undefined>>;

/** True inside GitHub Actions and compatible runners. */
export function inActions(env: Env): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

/** The page of the current run; undefined outside GitHub Actions. */
export function actionsRunUrl(env: Env): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  if (!server || !repository || !run) return undefined;
  return `${server.replace(/\/+$/, '')}/${repository}/actions/runs/${run}`;
}

/**
 * Commands that make the runner hide secrets in everything it shows from now on. Their lines are hidden one by one as
 * well, as they may be shown apart. This is the one place where a secret is printed.
 */
export function maskLines(secrets: readonly (string | undefined)[]): string {
  const values = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret?.trim();
    if (!trimmed) continue;
    values.add(trimmed);
    for (const line of trimmed.split(/[\r\n]+/)) if (line.trim()) values.add(line.trim());
  }
  return [...values].map((value) => `::add-mask::${encode(value)}\n`).join('');
}

/** The runner decodes `%25`, `%0D` and `%0A` in a command. */
function encode(data: string): string {
  return data.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

/** Wraps a report so that the runner obeys no command in it. The token is random: text that knew it could end the wrap. */
export function stopCommands(text: string, token: string = crypto.randomUUID()): string {
  return `::stop-commands::${token}\n${text}${text.endsWith('\n') ? '' : '\n'}::${token}::\n`;
}
