/**
 * Drawing: a journey of zooming and panning over 100,000 and 1,000,000 slices, in a real browser without a graphics card.
 * The figure is CPU time of the whole browser (the pixels are made in another process than the page), which a busy
 * machine does not change. The peer draws rectangles and nothing else; ours draws labels, marks, hatches, headers and the axis too.
 */
import { chromium } from '@playwright/test';
import { join } from 'node:path';
import { build } from 'vite';
import { findChromium } from '../scripts/chromium.mjs';
import { bench } from './harness.ts';

const FRAMES = 60;

interface Sides {
  readonly ours: () => Promise<void>;
  readonly peer: () => Promise<void>;
}
interface BenchWindow {
  prepareDrawing(count: number, frames: number): Sides;
  sides: Sides;
}

/** The page's program as one script. */
async function script(): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    build: {
      write: false,
      lib: { entry: join(process.cwd(), 'bench/drawing-page.ts'), formats: ['iife'], name: 'page', fileName: 'page' },
    },
  });
  const outputs = (Array.isArray(made) ? made : [made]).flatMap((one) => ('output' in one ? one.output : []));
  const chunk = outputs.find((one) => one.type === 'chunk');
  if (!chunk) throw new Error('the page for the drawing benchmark was not built');
  return chunk.code;
}

const wanted = process.argv[2] === undefined || 'drawing-100k drawing-1M'.includes(process.argv[2]);
const found = wanted ? await findChromium() : undefined;
if (wanted && !found) console.error('drawing: no Chromium was found, so there is nothing to draw on');
if (found) {
  const browser = await chromium.launch(found.own ? {} : { executablePath: found.path });
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.setContent('<!doctype html><body style="margin:0">');
  await page.addScriptTag({ content: await script() });
  const cdp = await browser.newBrowserCDPSession();
  /** Milliseconds of CPU that all processes of the browser have worked so far: pixels are not made on the main thread. */
  const worked = async (): Promise<number> => {
    const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
    return 1000 * processInfo.reduce((sum, process) => sum + process.cpuTime, 0);
  };
  const timed = async (side: keyof Sides): Promise<number> => {
    const before = await worked();
    await page.evaluate((name) => (window as unknown as BenchWindow).sides[name](), side);
    return (await worked()) - before;
  };
  for (const [name, count] of [
    ['drawing-100k', 100_000],
    ['drawing-1M', 1_000_000],
  ] as const) {
    await page.evaluate(
      ([n, frames]) => {
        const own = window as unknown as BenchWindow;
        document.body.replaceChildren();
        own.sides = own.prepareDrawing(n, frames);
      },
      [count, FRAMES] as const,
    );
    await bench({
      name,
      work: { amount: FRAMES, unit: 'frame' },
      repeats: 3,
      ours: () => timed('ours'),
      against: { name: 'fillRect per slice, nothing else', run: () => timed('peer') },
      atLeast: 1,
    });
  }
  await browser.close();
}
