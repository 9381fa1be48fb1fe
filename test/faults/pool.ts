/** Runs `task` on all items, so many at once; each lane has something of its own, made once. */
export async function inLanes<Item, Lane>(
  items: readonly Item[],
  lanes: number,
  open: () => Promise<Lane>,
  task: (item: Item, lane: Lane) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const lane = await open();
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item, lane);
    }),
  );
}
