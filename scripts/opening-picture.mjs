/**
 * A Vite plugin: `virtual:opening-picture` is the run that the page opens on, made while the page is built, so that its lanes
 * need neither the kernels' texts nor what runs them. The page makes the same run again once they are there.
 */
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';

const NAME = 'virtual:opening-picture';

/** @returns {Promise<string>} */
async function made() {
  const file = await bundle({
    entry: 'src/app/store/opening-picture.ts',
    file: 'dist-cli/opening-picture.mjs',
    sources: ['src', 'package-lock.json', 'scripts/bundle.mjs', 'scripts/bare-texts.mjs'],
    whole: true,
  });
  // a dev server may ask again after a change
  const { plainPicture } = await import(`${pathToFileURL(file).href}?${Date.now()}`);
  return plainPicture();
}

/** @returns {import('vite').Plugin} */
export const openingPicture = () => ({
  name: 'opening-picture',
  resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
  async load(id) {
    if (id !== `\0${NAME}`) return null;
    return `export default JSON.parse(${JSON.stringify(await made())})`;
  },
});
