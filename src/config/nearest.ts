import { distance } from 'fastest-levenshtein';

const bare = (word: string) => word.toLowerCase().replace(/[-_\s]/g, '');

/** The candidate a misspelt word most likely meant, or undefined if none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = bare(word).slice(0, 100);
  let best: { candidate: string; steps: number } | undefined;
  for (const candidate of candidates) {
    const near = bare(candidate);
    const steps = distance(wanted, near);
    const longer = Math.max(wanted.length, near.length);
    if (steps > Math.max(2, Math.floor(longer / 3)) || steps >= longer - 1) continue;
    if (!best || steps < best.steps) best = { candidate, steps };
  }
  return best?.candidate;
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : `; did you mean "${candidate}"?`;
}
