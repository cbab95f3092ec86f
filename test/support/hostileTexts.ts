/** Texts that a terminal, a line, a label or a hover could take for something else than text: `[what it is, the text, how a person is shown it]`. */
export const hostileTexts: readonly (readonly [string, string, string])[] = [
  ['a title for the terminal', 'a\u001b]0;owned\u0007z', 'a\\x1b]0;owned\\x07z'],
  ['a colour', '\u001b[31mred', '\\x1b[31mred'],
  ['a line of its own', 'a\nforged  ready', 'a\\nforged  ready'],
  ['a line that is quoted', 'a:\nforged', 'a:\\nforged'],
  ['a return', 'secret\rshown', 'secret\\rshown'],
  ['a tab', 'a\tb', 'a\\tb'],
  ['DEL', 'a\u007fb', 'a\\x7fb'],
  ['C1, an escape in one byte', 'a\u009b31mb', 'a\\x9b31mb'],
  ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ['a paragraph separator', 'a\u2029b', 'a\\u2029b'],
  ['another order', 'safe\u202egnp.sh', 'safe\\u202egnp.sh'],
  ['an isolate', 'a\u2067b\u2069', 'a\\u2067b\\u2069'],
  ['a mark of direction', 'a\u200fb', 'a\\u200fb'],
  ['nothing that is seen', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
];

/** What is text in any language, and stays as it is. */
export const plainTexts: readonly string[] = ['', 'web', 'Grüße', 'сервер', '服务', '👩‍🚀', 'می‌خواهم', 'a\\nb', '•••', '$(flame) [x](y)'];
