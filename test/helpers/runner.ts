/**
 * What GitHub's runner would obey in a step's output: every line of stdout and stderr is looked at, `::name …::` at its
 * start (leading blanks skipped), `##[name …]` anywhere in it; silence lasts from stop-commands to its token.
 *
 * Stricter than the runner: names it does not know count as well.
 */
export function obeyedCommands(output: string): string[] {
  const obeyed: string[] = [];
  let token: string | undefined;
  for (const line of output.split(/\r\n|\r|\n/)) {
    const command = /^[\s\u0085]*::([^:]*)::(.*)/.exec(line) ?? /##\[([^\]]*)\](.*)/.exec(line);
    if (!command) continue;
    const [, name = '', data = ''] = command;
    if (token !== undefined) {
      if (name === token) token = undefined;
    } else if (name === 'stop-commands') token = data;
    else obeyed.push(name);
  }
  return obeyed;
}
