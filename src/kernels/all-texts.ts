/** Every kernel text that is shipped. Imported on demand: a reader who only looks at the opening run does not need them. */
export const texts: Readonly<Record<string, string>> = import.meta.glob('./*/*.kern', {
  query: '?raw',
  import: 'default',
  eager: true,
});
