/** Somebody else's text on one line, and short. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/**
 * The request id of an answer, to be put behind a message: ConductorOne's support asks for it.
 *
 * Its error messages end in the id as well; then it is not said twice.
 */
export function requestId(headers: Headers, said = ''): string {
  const id = oneLine(headers.get('c1-trace-id') ?? '');
  return id === '' || said.includes(id) ? '' : ` [request id ${id}]`;
}
