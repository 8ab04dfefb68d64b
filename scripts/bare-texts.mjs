/**
 * A Vite plugin: `x.kern?bare` is the text without its comments and indentation, line for line the same. The texts that the opening picture
 * waits for come so; a reader of the kernel gets the whole text.
 */
import { readFileSync } from 'node:fs';

/** @param {string} line */
function withoutComment(line) {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') quoted = !quoted;
    else if (line[i] === '#' && !quoted) return line.slice(0, i).trimEnd();
  }
  return line;
}

/** @param {string} text */
export const bare = (text) =>
  text
    .split('\n')
    .map((line) => withoutComment(line).trimStart())
    .join('\n');

/** @returns {import('vite').Plugin} */
export const bareTexts = () => ({
  name: 'bare-texts',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith('.kern?bare')) return null;
    const file = id.slice(0, -'?bare'.length);
    this.addWatchFile(file);
    return `export default ${JSON.stringify(bare(readFileSync(file, 'utf8')))}`;
  },
});
