const { existsSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Our sources import `./x.js` and mean `./x.ts`. Jest forgets what `moduleNameMapper` finds, and would search the disk again
 * at every import() of every run of the program; what a resolver finds it keeps.
 */
module.exports = (path, options) => {
  if (/^\.{1,2}\/.*\.js$/.test(path) && !options.basedir.includes('node_modules')) {
    const source = join(options.basedir, path.replace(/js$/, 'ts'));
    if (existsSync(source)) return source;
  }
  return options.defaultResolver(path, options);
};
