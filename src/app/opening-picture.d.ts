/** Made by the plugin in scripts/opening-picture.mjs. */
declare module 'virtual:opening-picture' {
  import type { PlainPicture } from './store/picture';
  const picture: PlainPicture;
  export default picture;
}
