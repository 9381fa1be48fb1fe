/**
 * An ordered collection of records. Arrays are tables; a large tenant computes its records when asked for them,
 * and then knows how to find them without reading them all.
 */
export interface Table<T> {
  readonly length: number;
  at(index: number): T | undefined;
  byId?(id: string): T | undefined;
  byOwner?(ownerId: string): Table<T>;
}

/** Every record, in order. */
export function* rows<T>(table: Table<T>): Generator<T> {
  for (let index = 0; index < table.length; index += 1) {
    const row = table.at(index);
    if (row !== undefined) yield row;
  }
}

export function filter<T>(table: Table<T>, wanted: (row: T) => boolean): T[] {
  const found: T[] = [];
  for (const row of rows(table)) if (wanted(row)) found.push(row);
  return found;
}

export function find<T>(table: Table<T>, wanted: (row: T) => boolean): T | undefined {
  for (const row of rows(table)) if (wanted(row)) return row;
  return undefined;
}

export function findById<T extends { readonly id: string }>(table: Table<T>, id: string): T | undefined {
  return table.byId ? table.byId(id) : find(table, (row) => row.id === id);
}

/** The records with these ids, each once, in the table's order where it has to be read through. */
export function findByIds<T extends { readonly id: string }>(table: Table<T>, ids: ReadonlySet<string>): T[] {
  const byId = table.byId?.bind(table);
  if (!byId) return filter(table, (row) => ids.has(row.id));
  return [...ids].flatMap((id) => byId(id) ?? []);
}

/** The records that belong to one of these owners. */
export function ownedBy<T>(
  table: Table<T>,
  owners: ReadonlySet<string>,
  ownerOf: (row: T) => string,
): Table<T> {
  const [first] = owners;
  if (table.byOwner && owners.size === 1 && first !== undefined) return table.byOwner(first);
  return filter(table, (row) => owners.has(ownerOf(row)));
}
