import { Permission } from '../records.js';
import { type Call, require, requireFeature, searchPage } from './call.js';
import { readFields } from './errors.js';
import { filter } from './paging.js';

/** POST /decoys/search */
export function searchDecoys(call: Call) {
  requireFeature('decoys', call.state.features.decoys);
  const ask = readFields(call.body, {
    pageSize: 'integer',
    pageToken: 'string',
    query: 'string',
    kinds: 'strings',
    statuses: 'strings',
    annotationKeys: 'strings',
    hasBeenUsed: 'boolean',
  });
  require(call, Permission.readDecoys);
  const { pageSize: _size, pageToken: _token, ...query } = ask;
  const text = ask.query.toLowerCase();
  const admits = (wanted: readonly string[], value: string) => wanted.length === 0 || wanted.includes(value);
  const matching = filter(
    call.state.data.decoys,
    (decoy) =>
      `${decoy.displayName}\n${decoy.description}`.toLowerCase().includes(text) &&
      admits(ask.kinds, decoy.kind) &&
      admits(ask.statuses, `DECOY_STATUS_FILTER_${decoy.disabled ? 'DISABLED' : 'ACTIVE'}`) &&
      (ask.annotationKeys.length === 0 || ask.annotationKeys.some((key) => key in decoy.annotations)) &&
      (!ask.hasBeenUsed || decoy.lastUsedAt !== null),
  );
  return searchPage(call, matching, ask, query);
}
