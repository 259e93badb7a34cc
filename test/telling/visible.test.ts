import { visible, visibleJson } from '../../src/telling/visible';

test.each([
  ['C0 controls', 'a\nb\tc\rd\x1b[2J\x00\x07', 'a\\nb\\tc\\rd\\u001b[2J\\u0000\\u0007'],
  ['DEL and C1 controls', '\x7f\x85\x9b31m', '\\u007f\\u0085\\u009b31m'],
  ['bidirectional controls', '\u202e\u2066\u061c\u200f', '\\u202e\\u2066\\u061c\\u200f'],
  [
    'zero-width characters',
    'a\u200bb\u200cc\u200dd\u2060e\ufeff',
    'a\\u200bb\\u200cc\\u200dd\\u2060e\\ufeff',
  ],
  ['fillers and soft hyphens', 'a\u00ad\u034f\u115f\u3164\uffa0', 'a\\u00ad\\u034f\\u115f\\u3164\\uffa0'],
  ['tag characters', 'a\u{e0041}\u{e007f}', 'a\\udb40\\udc41\\udb40\\udc7f'],
  ['variation selectors that carry data', 'a\ufe0f\u{e0100}👩\ufe00', 'a\\ufe0f\\udb40\\udd00👩\\ufe00'],
  ['interlinear annotations', '\ufff9a\ufffbb', '\\ufff9a\\ufffbb'],
  ['line and paragraph separators', '\u2028\u2029', '\\u2028\\u2029'],
  ['halves of surrogate pairs', 'a\ud800b\udc00', 'a\\ud800b\\udc00'],
])('%s are written out', (_, text, shown) => {
  expect(visible(text)).toBe(shown);
  expect(visible(shown)).toBe(shown);
  expect(visibleJson({ [text]: [text] })).toMatch(/^[\x20-\x7e👩]*$/u);
  expect(JSON.parse(visibleJson({ [text]: [text] }))).toEqual({ [text]: [text] });
});

test('visible characters are left unchanged', () => {
  for (const text of ['Käse 🦉 日本 👩‍👧 ❤️ 👩🏽‍🚀 🏴', 'שלום', 'नमस्ते', '\u00a0\u3000', '\\u202e "quoted"']) {
    expect(visible(text)).toBe(text);
    expect(JSON.parse(visibleJson(text))).toBe(text);
  }
});
