// What the tests get for '@jest/globals' in a mutation run: Jest's own parts, without Jest's module system.
import { jestExpect } from '@jest/expect';
import { getState } from 'jest-circus';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from 'jest-circus';
export const expect = jestExpect;
export const jest = {
  setTimeout(ms) {
    getState().testTimeout = ms;
  },
};
