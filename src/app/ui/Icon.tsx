/** The page's few signs, drawn on a 16-pixel grid in the colour of the text. */
const paths = {
  play: 'M5 3.2v9.6a.6.6 0 0 0 .9.5l7.6-4.8a.6.6 0 0 0 0-1L5.900 2.700a.6.6 0 0 0-.9.5z',
  pause: 'M4.500 3h2.400v10H4.500zM9.100 3h2.400v10H9.100z',
  first: 'M3 3h1.800v10H3zM13 3.500v9L6 8z',
  last: 'M11.200 3H13v10h-1.800zM3 3.500v9L10 8z',
  back: 'M10.500 3.500v9L4 8z',
  step: 'M5.500 3.500v9L12 8z',
  down: 'M4 6.200 8 10l4-3.800z',
} as const;

const strokes = {
  close: 'M4 4l8 8M12 4l-8 8',
  undo: 'M3.500 6.500h6a3.300 3.300 0 0 1 0 6.600H6M6 3.800 3.300 6.500 6 9.200',
  redo: 'M12.500 6.500h-6a3.300 3.300 0 0 0 0 6.600H10M10 3.800l2.700 2.700L10 9.200',
  left: 'M2.500 3h11v10h-11zM6.500 3v10',
  right: 'M2.500 3h11v10h-11zM9.500 3v10',
  bottom: 'M2.500 3h11v10h-11zM2.500 9.500h11',
  wide: 'M2.500 3v10M13.500 3v10M5 8h6M6.800 5.800 4.600 8l2.200 2.200M9.200 5.800 11.400 8l-2.200 2.200',
  moon: 'M12.800 9.800A5.300 5.300 0 0 1 6.200 3.200a5.300 5.300 0 1 0 6.600 6.600z',
  sun: 'M8 5.200a2.800 2.800 0 1 1 0 5.600 2.800 2.800 0 0 1 0-5.600zM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9',
  check: 'M3.500 8.500l3 3 6-7',
  table: 'M2.500 3.500h11v9h-11zM2.500 6.500h11M2.500 9.500h11M6.500 6.500v6',
} as const;

export type IconName = keyof typeof paths | keyof typeof strokes;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {name in paths ? (
        <path d={paths[name as keyof typeof paths]} fill="currentColor" />
      ) : (
        <path
          d={strokes[name as keyof typeof strokes]}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      )}
    </svg>
  );
}
