import { type Case, ENDPOINTS, type Endpoint } from './cases.js';

const LEGEND =
  '=  the same report   n  complete, with notes or unknown outcomes   3  exit 3, told   (none)  does not apply\n';

/** Faults down, endpoints across; what befalls single fields is summed up, with how many fields came out how. */
export function table(
  all: readonly { readonly endpoint: Endpoint; readonly fault: Case }[],
  marks: ReadonlyMap<string, string>,
): string {
  const targets = ENDPOINTS.map(({ target }) => target);
  const names = [...new Set(all.map(({ fault }) => fault.name))];
  const rows = names
    .filter((name) => !isField(name))
    .map((name) => [name, ...targets.map((target) => marks.get(`${name}|${target}`) ?? '')]);
  const sums = ['null or absent', 'of the wrong type'].map((how) => [
    `fields ${how}`,
    ...targets.map((target) => {
      const some = names
        .filter((name) => isField(name) && name.endsWith(` ${how}`))
        .flatMap((name) => marks.get(`${name}|${target}`) ?? []);
      const distinct = [...new Set(some)].sort();
      return distinct.map((mark) => `${some.filter((one) => one === mark).length}×${mark}`).join(' ');
    }),
  ]);
  const lines = [...rows, ...sums];
  const width = Math.max(...lines.map(([name = '']) => name.length));
  const cell = (text: string) => text.padEnd(11);
  const head = `${' '.repeat(width)}  ${targets.map((_, index) => cell(letter(index))).join('')}`;
  const body = lines.map(([name = '', ...cells]) => `${name.padEnd(width)}  ${cells.map(cell).join('')}`);
  const key = targets.map((target, index) => `${letter(index)} ${target}`).join('   ');
  const text = [`${all.length} faults`, LEGEND + key, head, ...body].map((line) => line.trimEnd());
  return `\n${text.join('\n')}\n`;
}

function isField(name: string): boolean {
  return / (null or absent|of the wrong type)$/.test(name) && !/^(list|page token|a record)/.test(name);
}

function letter(index: number): string {
  return String.fromCharCode(65 + index);
}
