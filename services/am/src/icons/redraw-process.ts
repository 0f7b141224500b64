import sharp from 'sharp';

// a separate program: redraw.ts runs it, with the picture on standard input

const SIDE = 96;
const MOST_SIDE = 2_048;
const FORMATS = ['Png', 'Jpeg', 'Webp', 'Nsgif'];

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: FORMATS.map((format) => `VipsForeignLoad${format}Buffer`) });
sharp.cache(false);
sharp.concurrency(1);

const pieces: Buffer[] = [];
for await (const piece of process.stdin) pieces.push(piece as Buffer);
// of an animation, the first frame; a truncated picture is refused
const picture = sharp(Buffer.concat(pieces), { limitInputPixels: MOST_SIDE * MOST_SIDE, failOn: 'warning' });
// reads only the header
const { width, height } = await picture.metadata();
if (width > MOST_SIDE || height > MOST_SIDE) process.exit(1);
const transparent = { r: 0, g: 0, b: 0, alpha: 0 };
const drawn = picture.resize(SIDE, SIDE, { fit: 'contain', background: transparent }).webp({ quality: 80 });
process.stdout.write(await drawn.toBuffer());
