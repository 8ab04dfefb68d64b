/** The texts that are not needed for the opening picture: all other kernels and the rest of the gallery. */
import { loadKernelTexts } from '../../kernels/index';
import { loadGallery } from '../../litmus/gallery';
import { set } from './store';

/** Fetches them once. Resolves to false, and says so on the page, where they cannot be had; another call tries again. */
export async function fetchTexts(): Promise<boolean> {
  try {
    await Promise.all([loadKernelTexts(), loadGallery()]);
  } catch (error) {
    const details = [error instanceof Error ? error.message : String(error)];
    set({ notice: { tone: 'error', text: 'The other kernels and litmus texts could not be fetched.', details } });
    return false;
  }
  set({ allTexts: true });
  return true;
}
