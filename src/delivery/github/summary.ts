/** GitHub drops a step's summary whole when it is longer. */
export const SUMMARY_BYTES = 1024 * 1024;

const NOTICE =
  '\n\n> **Cut here:** the report is longer than a job summary may be. The rest is in the report files.\n';

/** Markdown of at most `bytes` (UTF-8), cut between lines and saying so. Empty where not even that fits. */
export function cutSummary(markdown: string, bytes = SUMMARY_BYTES): string {
  const whole = Buffer.from(markdown);
  if (whole.length <= bytes) return markdown;
  const room = bytes - Buffer.byteLength(NOTICE);
  if (room < 0) return '';
  const end = whole.subarray(0, room).lastIndexOf(0x0a);
  return `${end < 0 ? '' : whole.subarray(0, end).toString()}${NOTICE}`;
}
