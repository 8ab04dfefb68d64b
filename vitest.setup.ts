/** Tests see every text from the start, as the command line does. */
import { loadKernelTexts } from './src/kernels/index';
import { loadGallery } from './src/litmus/gallery';

await Promise.all([loadKernelTexts(), loadGallery()]);
