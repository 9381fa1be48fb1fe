import { describe, expect, test } from '@jest/globals';
import { Markup, markup } from '../../../src/reporters/html/markup.js';

describe('markup', () => {
  test('escapes what is not markup yet, in text and in attributes', () => {
    const hostile = `<b>&"'`;
    expect(markup`<p title="${hostile}">${hostile}</p>`.html).toBe(
      '<p title="&lt;b&gt;&amp;&quot;&#39;">&lt;b&gt;&amp;&quot;&#39;</p>',
    );
  });

  test('takes markup as it is, also in nested lists, and numbers', () => {
    expect(markup`<ul>${[markup`<li>${1}</li>`, [markup`<li>${'<'}</li>`]]}</ul>`.html).toBe(
      '<ul><li>1</li><li>&lt;</li></ul>',
    );
  });

  test('leaves out what is not there, but not zero', () => {
    expect(markup`${null}${undefined}${false}${0}${''}`.html).toBe('0');
  });

  test('a look-alike of markup is no markup', () => {
    const fake = { html: '<script>' } as unknown as Markup;
    expect(() => markup`${fake}`.html).toThrow(TypeError);
    expect(markup`${new Markup('<br>')}`.html).toBe('<br>');
  });
});
