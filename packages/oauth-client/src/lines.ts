import { OutboundError } from '@chatelaine/outbound-http';

const LINE_END = 0x0a;

/**
 * Splits a body into lines as it arrives, without their line ends; the last line need not have one.
 *
 * @throws OutboundError when a line is longer than `maxBytes` bytes, and whatever the body throws
 */
export async function* linesOf(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      if (size + end - from > maxBytes) throw tooLong(maxBytes);
      yield Buffer.concat([...held, chunk.subarray(from, end)]);
      [held, size, from] = [[], 0, end + 1];
    }
    const rest = chunk.subarray(from);
    size += rest.length;
    if (size > maxBytes) throw tooLong(maxBytes);
    if (rest.length > 0) held.push(rest);
  }
  if (size > 0) yield Buffer.concat(held);
}

function tooLong(maxBytes: number): OutboundError {
  return new OutboundError('too_large', `A line of the answer is longer than ${maxBytes} bytes.`);
}
