/** Every text of the gallery, imported on demand. */
export const texts: Readonly<Record<string, string>> = import.meta.glob('./gallery/*.litmus', {
  query: '?raw',
  import: 'default',
  eager: true,
});
