// The packages in the bundle and their licences, as text and as a CycloneDX 1.6 SBOM.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENCE_FILE = /^(licen[cs]e|copying)(\.(md|txt))?$/i;

/**
 * The packages that esbuild took code from, by name and version; one that is installed twice counts once.
 *
 * @param metafile esbuild's; paths in it are relative to the working directory
 * @throws Error if a package does not name its licence or has no licence text
 */
export function bundledPackages(metafile) {
  const folders = new Set();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [folder] = PACKAGE.exec(path.replaceAll('\\', '/')) ?? [];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  }
  const packages = new Map([...folders].map(readPackage).map((one) => [`${one.name}@${one.version}`, one]));
  return [...packages.values()].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => LICENCE_FILE.test(entry));
  if (typeof license !== 'string' || file === undefined)
    throw new Error(
      `${name} ${version} has no licence field or no licence file: c1-audit cannot be distributed with it.`,
    );
  const text = readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim();
  const notice = join(folder, 'NOTICE');
  return {
    name,
    version,
    license,
    text: existsSync(notice) ? `${text}\n\n${readFileSync(notice, 'utf8').trim()}` : text,
  };
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names, versions and licences; each licence text appears once. */
export function licenceText(packages) {
  const byText = new Map();
  for (const one of packages) byText.set(one.text, [...(byText.get(one.text) ?? []), one]);
  const parts = [...byText].map(([text, all]) => {
    const names = all.map(({ name, version, license }) => `${name} ${version} (${license})`);
    return `${names.join('\n')}\n\n${text}\n`;
  });
  return ['c1-audit contains code of these packages.\n', ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}

/** Without serial number and time, so that equal builds give equal bytes. */
export function sbom(packages, self, builtWith) {
  const root = component(self, 'application');
  const components = packages.map((one) => component(one, 'library'));
  const references = components.map((one) => one['bom-ref']);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      tools: { components: [{ type: 'application', name: 'esbuild', version: builtWith }] },
      component: root,
    },
    components,
    dependencies: [{ ref: root['bom-ref'], dependsOn: references }, ...references.map((ref) => ({ ref }))],
  };
}

function component({ name, version, license }, type) {
  const [scope, bare] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = `pkg:npm/${scope === undefined ? '' : `${encodeURIComponent(scope)}/`}${bare}@${version}`;
  return {
    type,
    'bom-ref': purl,
    ...(scope === undefined ? {} : { group: scope }),
    name: bare,
    version,
    licenses: [/^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license }],
    purl,
  };
}
