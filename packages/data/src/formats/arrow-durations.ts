/**
 * Durations in Parquet, which has no type for them: pandas, pyarrow and polars write integers, and
 * the schema that they had in Arrow under the key "ARROW:schema" beside them.
 */
import { Duration } from 'apache-arrow/fb/duration'
import { Message } from 'apache-arrow/fb/message'
import { MessageHeader } from 'apache-arrow/fb/message-header'
import { Schema } from 'apache-arrow/fb/schema'
import { TimeUnit } from 'apache-arrow/fb/time-unit'
import { Type } from 'apache-arrow/fb/type'
import { ByteBuffer } from 'flatbuffers'
import type { FileMetaData } from 'hyparquet'
import { parsePrefix } from './arrow-prefix.js'
import { checkMessage } from './flatbuffer-check.js'
import type { DurationUnit } from './parquet-schema.js'

const units: Readonly<Record<TimeUnit, DurationUnit>> = {
  [TimeUnit.SECOND]: 'seconds',
  [TimeUnit.MILLISECOND]: 'millis',
  [TimeUnit.MICROSECOND]: 'micros',
  [TimeUnit.NANOSECOND]: 'nanos',
}

/**
 * What the columns that are durations in Arrow count, by their names. Types that apache-arrow does
 * not know are passed over: the flat buffer is read, not made a schema of its classes.
 *
 * @throws an error of some kind where Arrow's schema is damaged
 */
export function durationsOf(metadata: FileMetaData): ReadonlyMap<string, DurationUnit> {
  const durations = new Map<string, DurationUnit>()
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'ARROW:schema')?.value
  if (text === undefined) return durations
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  const header = bytes.subarray(parsePrefix(bytes).nPrefix)
  checkMessage(header)
  const message = Message.getRootAsMessage(new ByteBuffer(header))
  if (message.headerType() !== MessageHeader.Schema) throw new Error('no schema')
  const schema = message.header(new Schema()) as Schema
  for (let i = 0; i < schema.fieldsLength(); i++) {
    const field = schema.fields(i)!
    if (field.typeType() !== Type.Duration) continue
    const unit = units[(field.type(new Duration()) as Duration).unit()]
    durations.set(field.name() ?? '', unit)
  }
  return durations
}
