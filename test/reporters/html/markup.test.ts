import { describe, expect, test } from '@jest/globals';
import { Markup, markup, table } from '../../../src/reporters/html/markup.js';

describe('markup', () => {
  test('escapes text in elements and in attributes', () => {
    const hostile = `<b>&"'`;
    expect(markup`<p title="${hostile}">${hostile}</p>`.html).toBe(
      '<p title="&lt;b&gt;&amp;&quot;&#39;">&lt;b&gt;&amp;&quot;&#39;</p>',
    );
  });

  test('keeps markup, also in nested lists, and numbers', () => {
    expect(markup`<ul>${[markup`<li>${1}</li>`, [markup`<li>${'<'}</li>`]]}</ul>`.html).toBe(
      '<ul><li>1</li><li>&lt;</li></ul>',
    );
  });

  test('omits null, undefined and false, but not zero', () => {
    expect(markup`${null}${undefined}${false}${0}${''}`.html).toBe('0');
  });

  test('rejects an object that only looks like markup', () => {
    const fake = { html: '<script>' } as unknown as Markup;
    expect(() => markup`${fake}`.html).toThrow(TypeError);
    expect(markup`${new Markup('<br>')}`.html).toBe('<br>');
  });
});

test('a table escapes its cells, groups numbers, aligns their columns and names each cell', () => {
  expect(table(['Name', 'Count'], [['<b>', 1204]]).html.replaceAll('\n', '')).toBe(
    '<table class="card" role="table">' +
      '<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col" class="number">Count</th></tr></thead>' +
      '<tbody role="rowgroup"><tr role="row"><th role="rowheader" scope="row">&lt;b&gt;</th><td role="cell" data-label="Count" class="number">1,204</td></tr></tbody></table>',
  );
});
