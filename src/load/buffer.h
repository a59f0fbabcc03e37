/*
 * src/load/buffer.h
 *		Bytes that are appended or put in their place, and may be more than 1 GB.
 */
#ifndef TA_BUFFER_H
#define TA_BUFFER_H

#include "postgres.h"

#include "utils/memutils.h"

typedef struct TaBuffer
{
	char *data;
	Size length;
	Size room;
	MemoryContext context;
} TaBuffer;

/* Makes room for so many bytes more, and returns where they go. */
static inline char *
ta_buffer_reserve(TaBuffer *buffer, Size more)
{
	if (unlikely(buffer->room - buffer->length < more))
	{
		Size room = Max(buffer->room * 2, 1024);

		while (room - buffer->length < more)
			room *= 2;
		buffer->data = buffer->data == NULL ? MemoryContextAllocHuge(buffer->context, room)
											: repalloc_huge(buffer->data, room);
		buffer->room = room;
	}
	return buffer->data + buffer->length;
}

static inline void
ta_buffer_put(TaBuffer *buffer, const char *bytes, Size length)
{
	memcpy(ta_buffer_reserve(buffer, length), bytes, length);
	buffer->length += length;
}

/* Copies the bytes to a place that is known to have room for them; returns where the next ones go. */
static inline char *
ta_put_bytes(char *to, const char *bytes, Size length)
{
	memcpy(to, bytes, length);
	return to + length;
}

/* Room for so many, which may be more than 1 GB. */
static inline void *
ta_allocate_huge(Size count, Size each)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * each);
}

#endif /* TA_BUFFER_H */
