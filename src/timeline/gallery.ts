import * as v from 'valibot';
import { CaptureError } from './capture';

/** public/captures/index.json, format 1: the captures that are shipped with the page. */
const schema = v.object({
  format: v.literal(1),
  captures: v.array(
    v.object({
      /** Folder below captures/: "6.1/s2". */
      id: v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/)),
      title: v.string(),
      kernel: v.string(),
      vendor: v.picklist(['amd', 'intel']),
      /** One line: what to look for. */
      look: v.string(),
      files: v.array(v.object({ name: v.pipe(v.string(), v.regex(/^[\w.-]+$/)), bytes: v.number() })),
    }),
  ),
});

export type GalleryEntry = v.InferOutput<typeof schema>['captures'][number];

/** @throws CaptureError where the text is no index of format 1. */
export function parseGallery(text: string, file = 'captures/index.json'): readonly GalleryEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CaptureError(file, `no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = v.safeParse(schema, json);
  if (!result.success) {
    const [first] = result.issues;
    throw new CaptureError(file, `${v.getDotPath(first) ?? 'the whole'}: ${first.message}`);
  }
  return result.output.captures;
}
