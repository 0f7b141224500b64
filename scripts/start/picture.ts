import { crc32, deflateSync } from 'node:zlib';

/** A small PNG of hills under a sky, different for each seed. */
export function drawnPicture(seed: number, width = 480, height = 360): Buffer {
  const rows: Buffer[] = [];
  const hue = [(seed * 67) % 90, (seed * 41) % 70, (seed * 29) % 60] as const;
  for (let y = 0; y < height; y++) {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) {
      const far = height * (0.55 + 0.08 * Math.sin(x / (60 + seed * 7) + seed));
      const near = height * (0.75 + 0.1 * Math.sin(x / (110 - seed * 5) + seed * 2));
      const sky = [235 - hue[0] - y / 6, 205 - hue[1] + y / 12, 190 + hue[2] - y / 9];
      const colour =
        y > near ? [40 + hue[2], 70 + hue[1] / 2, 55] : y > far ? [100 + hue[0] / 2, 120, 110 + hue[2] / 2] : sky;
      for (let channel = 0; channel < 3; channel++)
        row[1 + x * 3 + channel] = Math.max(0, Math.min(255, colour[channel] ?? 0));
    }
    rows.push(row);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8); // 8 bits, RGB
  const parts = [chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
