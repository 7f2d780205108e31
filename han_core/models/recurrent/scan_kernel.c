/* Scans of a bidirectional GRU or LSTM on a CPU, in single precision, called by scan_kernel.py.

Sequences stand one after another in flat arrays. Blocks of sequences of like length run through
all their steps, so that states and weights stay in the cache; the gates of a step are computed
together. One call does one direction, and every `parts`-th block of it.

This file is compiled once for each width of vectors: it includes itself. What the processor has
is looked up when the functions are called, so that a built file runs on others of its kind. */

#ifndef LANES

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 8 }; /* sequences side by side */

struct scan {
    int64_t direction; /* 0 reads sequences from their beginnings, 1 from their ends */
    int64_t part, parts;
    int64_t hidden;
    int64_t sequences;
    const int64_t *lengths; /* of sequences; or, of a plan, readings at each time */
    const int64_t *rows;    /* the row of `inputs` at each step or reading; NULL: as they stand */
    const int64_t *before;  /* of a plan: where each reading goes on from */
    const float *inputs;    /* projected, r z n of a GRU or i f g o of an LSTM, g doubled */
    int64_t input_stride;
    const float *weight; /* (gates, hidden), in LSTM scans forward with g doubled */
    const float *bias;   /* added to products; a GRU's have 4 parts: r z, n's product, n's input */
    float *states;
    int64_t state_stride;
    float *saved; /* (steps, 4 * hidden): r z n and n's product, or i f g o; may be NULL */
    float *cells; /* of an LSTM, as `states`; may be NULL */
    const float *gradient; /* of the states, as they stand */
    float *flowing;        /* out, as `saved`: gradients of inputs and, last, of n's product */
    float *bias_gradient;  /* out, (parts, 4 * hidden), sums of `flowing` over what a part does */
};

/* Sequences, longest first, and where each begins. */
struct order {
    int64_t *number, *start;
};

static int ordered(const struct scan *s, struct order *order)
{
    int64_t longest = 0, at = 0, *places;
    order->number = malloc((2 * s->sequences + 1) * sizeof(int64_t));
    order->start = order->number + s->sequences;
    if (!order->number)
        return -1;
    for (int64_t i = 0; i < s->sequences; i++) {
        order->start[i] = at;
        at += s->lengths[i];
        longest = s->lengths[i] > longest ? s->lengths[i] : longest;
    }
    places = calloc(longest + 2, sizeof(int64_t));
    if (!places) {
        free(order->number);
        return -1;
    }
    for (int64_t i = 0; i < s->sequences; i++)
        places[longest - s->lengths[i] + 1]++;
    for (int64_t length = 0; length <= longest; length++)
        places[length + 1] += places[length];
    for (int64_t i = 0; i < s->sequences; i++)
        order->number[places[longest - s->lengths[i]]++] = i;
    free(places);
    return 0;
}

static inline int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }

/* Ask for numbers that the next step of a sequence reads. */
static inline void fetch(const float *from, int64_t count)
{
    for (int64_t i = 0; i < count + 15; i += 16)
        __builtin_prefetch(from + i);
}

/* e^-x within 1e-7 of its size, for |x| > 87 as for 87; NaN and infinity become NaN. Without a
comparison of floats, for which compilers branch. */
static inline __attribute__((always_inline)) float exp_of_minus(float x)
{
    union { int32_t bits; float number; } halves = {.number = x * -1.44269504f}, power;
    const int32_t sign = halves.bits & INT32_MIN, size = halves.bits & INT32_MAX;
    halves.bits = sign | (size < 0x42fc0000 ? size : 0x42fc0000); /* at most 126 */
    float whole = (halves.number + 12582912.0f) - 12582912.0f;    /* rounded */
    float f = halves.number - whole;
    float sum = 1.53533e-4f + (x - x);
    sum = sum * f + 1.339887e-3f;
    sum = sum * f + 9.618437e-3f;
    sum = sum * f + 5.550332e-2f;
    sum = sum * f + 2.402265e-1f;
    sum = sum * f + 6.931472e-1f;
    sum = sum * f + 1.0f;
    power.bits = ((int32_t)whole + 127) << 23;
    return sum * power.number;
}

static inline __attribute__((always_inline)) float sigmoid(float x)
{
    return 1.0f / (1.0f + exp_of_minus(x));
}

/* tanh(x / 2) */
static inline __attribute__((always_inline)) float tanh_of_half(float x)
{
    return 2.0f * sigmoid(x) - 1.0f;
}

#define PASTE(a, b) a##_##b
#define WITH(name, lanes) PASTE(name, lanes)
#define N(name) WITH(name, LANES)

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")
#endif
#define LANES 16
#define ROWS 8
#include __FILE__
#undef LANES
#undef ROWS
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LANES 8
#define ROWS 4
#include __FILE__
#undef LANES
#undef ROWS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#define LANES 4
#define ROWS 4
#include __FILE__
#undef LANES
#undef ROWS

/* Numbers in a vector on this processor; fewer where a test asks for that. */
static int most = 16;

void at_most(int lanes) { most = lanes; }

int lanes(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (most >= 16 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return 16;
    if (most >= 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 8;
#endif
    return 4;
}

#if defined(__x86_64__)
#define CHOICE(name)                                                                 \
    int name(const struct scan *s)                                                   \
    {                                                                                \
        int width = lanes();                                                         \
        return width == 16 ? name##_16(s) : width == 8 ? name##_8(s) : name##_4(s);  \
    }
#else
#define CHOICE(name) \
    int name(const struct scan *s) { return name##_4(s); }
#endif

CHOICE(gru_forward)
CHOICE(gru_backward)
CHOICE(gru_plan)
CHOICE(lstm_forward)
CHOICE(lstm_backward)
CHOICE(lstm_plan)

#else /* LANES */

typedef float N(vector) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline int64_t N(padded)(int64_t count) { return (count + LANES - 1) / LANES * LANES; }

/* out (rows, width) = first + left (rows, inner) times right (inner, width). */
static inline __attribute__((always_inline)) void N(tile)(
    const int rows, const int vectors, const float *left, int64_t left_stride, int64_t inner,
    const float *right, int64_t width, const float *first, int64_t first_stride, float *out)
{
    N(vector) sum[ROWS][8];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            sum[i][v] = *(const N(vector) *)(first + i * first_stride + v * LANES);
    for (int64_t k = 0; k < inner; k++) {
        N(vector) across[8];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            across[v] = *(const N(vector) *)(right + k * width + v * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++)
                sum[i][v] += left[i * left_stride + k] * across[v];
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            *(N(vector) *)(out + i * width + v * LANES) = sum[i][v];
}

#define COLUMNS(rows, vectors)                                                                \
    N(tile)(rows, vectors, left, left_stride, inner, right, width, first, first_stride, out)

/* As `tile`, for this many vectors of columns; one row has more sums at a time. */
#define ROWS_OF(rows)                                                                         \
    static void N(rows_##rows)(                                                               \
        int64_t vectors, const float *left, int64_t left_stride, int64_t inner,               \
        const float *right, int64_t width, const float *first, int64_t first_stride,          \
        float *out)                                                                           \
    {                                                                                         \
        while (vectors) {                                                                     \
            int64_t now = minimum(vectors, rows == 1 ? 7 : 3);                                \
            if (rows == 1 && now > 3) {                                                       \
                if (now == 7)                                                                 \
                    COLUMNS(1, 7);                                                            \
                else if (now == 6)                                                            \
                    COLUMNS(1, 6);                                                            \
                else                                                                          \
                    COLUMNS(1, 4), now = 4;                                                   \
            } else if (now == 3)                                                              \
                COLUMNS(rows, 3);                                                             \
            else if (now == 2)                                                                \
                COLUMNS(rows, 2);                                                             \
            else                                                                              \
                COLUMNS(rows, 1);                                                             \
            right += now * LANES, first += now * LANES, out += now * LANES, vectors -= now;   \
        }                                                                                     \
    }

ROWS_OF(1)
ROWS_OF(2)
ROWS_OF(3)
ROWS_OF(4)
#if ROWS > 4
ROWS_OF(5)
ROWS_OF(6)
ROWS_OF(7)
ROWS_OF(8)
#endif

static void N(product)(
    int64_t rows, const float *left, int64_t left_stride, int64_t inner, const float *right,
    int64_t width, const float *first, int64_t first_stride, float *out)
{
    static void (*const of[])(
        int64_t, const float *, int64_t, int64_t, const float *, int64_t, const float *, int64_t,
        float *) = {
        N(rows_1), N(rows_2), N(rows_3), N(rows_4),
#if ROWS > 4
        N(rows_5), N(rows_6), N(rows_7), N(rows_8),
#endif
    };
    while (rows) {
        int64_t now = minimum(rows, ROWS);
        of[now - 1](
            width / LANES, left, left_stride, inner, right, width, first, first_stride, out);
        left += now * left_stride, first += now * first_stride, out += now * width, rows -= now;
    }
}

/* What a block holds at a time; one allocation. */
struct N(room) {
    int64_t gates, width, size; /* gates and hidden units, padded to `width` and `size` */
    float *weight, *bias, *input_bias, *products, *states, *cells, *carried;
};

static int N(make_room)(const struct scan *s, int64_t parts, int across, struct N(room) *room)
{
    int64_t hidden = s->hidden, gates = parts * hidden;
    int64_t width = N(padded)(gates), size = N(padded)(hidden);
    int64_t weights = across ? hidden * width : gates * size;
    int64_t total = weights + width + size + BLOCK * (width + 3 * size);
    float *memory = aligned_alloc(64, (total * sizeof(float) + 63) / 64 * 64);
    if (!memory)
        return -1;
    memset(memory, 0, total * sizeof(float));
    room->gates = gates, room->width = width, room->size = size;
    room->weight = memory;
    room->bias = memory + weights;
    room->input_bias = room->bias + width;
    room->products = room->input_bias + size;
    room->states = room->products + BLOCK * width;
    room->cells = room->states + BLOCK * size;
    room->carried = room->cells + BLOCK * size;
    if (across)
        for (int64_t gate = 0; gate < gates; gate++)
            for (int64_t unit = 0; unit < hidden; unit++)
                memory[unit * width + gate] = s->weight[gate * hidden + unit];
    else
        for (int64_t gate = 0; gate < gates; gate++)
            memcpy(memory + gate * size, s->weight + gate * hidden, hidden * sizeof(float));
    if (s->bias)
        memcpy(room->bias, s->bias, gates * sizeof(float));
    if (s->bias && parts == 3)
        memcpy(room->input_bias, s->bias + gates, hidden * sizeof(float));
    return 0;
}

/* Products of the states of a block, or what they are where those are zero. */
static void N(recurrent)(const struct scan *s, struct N(room) *room, int64_t rows, int zero)
{
    if (zero)
        for (int64_t i = 0; i < rows; i++)
            memcpy(room->products + i * room->width, room->bias, room->width * sizeof(float));
    else
        N(product)(rows, room->states, room->size, s->hidden, room->weight, room->width,
                   room->bias, 0, room->products);
}

/* r = σ(xr + Wr h + br)   z = σ(xz + Wz h + bz)
   n = tanh(xn + r (Wn h + bn))   h' = n + z (h − n) */
static inline void N(gru_cell)(
    int64_t hidden, const float *products, const float *x, const float *bias, float *h,
    float *state, float *saved)
{
#pragma omp simd
    for (int64_t j = 0; j < hidden; j++) {
        float product = products[2 * hidden + j];
        float r = sigmoid(products[j] + x[j]);
        float z = sigmoid(products[hidden + j] + x[hidden + j]);
        float n = tanh_of_half(2.0f * (x[2 * hidden + j] + bias[j] + r * product));
        saved[j] = r, saved[hidden + j] = z, saved[2 * hidden + j] = n;
        saved[3 * hidden + j] = product;
        state[j] = h[j] = n + z * (h[j] - n);
    }
}

/* c' = σ(f) c + σ(i) tanh(g)   h' = σ(o) tanh(c'), where inputs and products hold 2 g */
static inline void N(lstm_cell)(
    int64_t hidden, const float *products, const float *x, float *c, float *h, float *state,
    float *cell, float *saved)
{
#pragma omp simd
    for (int64_t j = 0; j < hidden; j++) {
        float i = sigmoid(products[j] + x[j]);
        float f = sigmoid(products[hidden + j] + x[hidden + j]);
        float g = tanh_of_half(products[2 * hidden + j] + x[2 * hidden + j]);
        float o = sigmoid(products[3 * hidden + j] + x[3 * hidden + j]);
        saved[j] = i, saved[hidden + j] = f, saved[2 * hidden + j] = g;
        saved[3 * hidden + j] = o;
        cell[j] = c[j] = f * c[j] + i * g;
        state[j] = h[j] = o * tanh_of_half(2.0f * c[j]);
    }
}

/* One step or reading: number `place` of a direction, in row `i` of its block. */
static inline void N(cell)(
    const struct scan *s, struct N(room) *room, int64_t place, int64_t row, int64_t i)
{
    const float *x = s->inputs + row * s->input_stride;
    float *products = room->products + i * room->width;
    float *h = room->states + i * room->size, *c = room->cells + i * room->size;
    float *state = s->states + place * s->state_stride;
    float *saved = s->saved ? s->saved + place * 4 * s->hidden : room->carried;
    if (room->gates == 4 * s->hidden)
        N(lstm_cell)(s->hidden, products, x, c, h, state,
                     s->cells ? s->cells + place * s->state_stride : c, saved);
    else
        N(gru_cell)(s->hidden, products, x, room->input_bias, h, state, saved);
}

static int64_t N(step)(const struct scan *s, int64_t start, int64_t length, int64_t time)
{
    return s->direction ? start + length - 1 - time : start + time;
}

static int N(forward)(const struct scan *s, int64_t parts)
{
    struct N(room) room;
    struct order order;
    if (ordered(s, &order))
        return -1;
    if (N(make_room)(s, parts, 1, &room)) {
        free(order.number);
        return -1;
    }
    for (int64_t from = s->part * BLOCK; from < s->sequences; from += s->parts * BLOCK) {
        const int64_t *number = order.number + from;
        int64_t running = minimum(BLOCK, s->sequences - from);
        memset(room.states, 0, 2 * BLOCK * room.size * sizeof(float)); /* and cells */
        for (int64_t time = 0; time < s->lengths[number[0]]; time++) {
            while (s->lengths[number[running - 1]] <= time)
                running--;
            N(recurrent)(s, &room, running, time == 0);
            for (int64_t i = 0; i < running; i++) {
                int64_t start = order.start[number[i]], length = s->lengths[number[i]];
                int64_t step = N(step)(s, start, length, time);
                int64_t next = N(step)(s, start, length, minimum(time, length - 2) + 1);
                fetch(s->inputs + (s->rows ? s->rows[next] : next) * s->input_stride, 4 * s->hidden);
                N(cell)(s, &room, step, s->rows ? s->rows[step] : step, i);
            }
        }
    }
    free(room.weight);
    free(order.number);
    return 0;
}

static int N(gru_forward)(const struct scan *s) { return N(forward)(s, 3); }
static int N(lstm_forward)(const struct scan *s) { return N(forward)(s, 4); }

/* Gradients of r, z and n before σ and tanh; `left` is what goes back through the weights. */
static inline void N(gru_cell_back)(
    int64_t hidden, const float *saved, const float *before, const float *gradient, float *carried,
    float *flowing, float *left, float *bias)
{
#pragma omp simd
    for (int64_t j = 0; j < hidden; j++) {
        float r = saved[j], z = saved[hidden + j], n = saved[2 * hidden + j];
        float dh = gradient[j] + carried[j];
        float dn = dh * (1.0f - z) * (1.0f - n * n);
        float dz = dh * (before[j] - n) * z * (1.0f - z);
        float dr = dn * saved[3 * hidden + j] * r * (1.0f - r);
        float dproduct = dn * r;
        carried[j] = dh * z;
        flowing[j] = dr, flowing[hidden + j] = dz, flowing[2 * hidden + j] = dn;
        flowing[3 * hidden + j] = dproduct;
        left[j] = dr, left[hidden + j] = dz, left[2 * hidden + j] = dproduct;
        bias[j] += dr, bias[hidden + j] += dz, bias[2 * hidden + j] += dn;
        bias[3 * hidden + j] += dproduct;
    }
}

static inline void N(lstm_cell_back)(
    int64_t hidden, const float *saved, const float *cell, const float *before,
    const float *gradient, float *carried, float *carried_cell, float *flowing, float *left,
    float *bias)
{
#pragma omp simd
    for (int64_t j = 0; j < hidden; j++) {
        float i = saved[j], f = saved[hidden + j], g = saved[2 * hidden + j];
        float o = saved[3 * hidden + j], t = tanh_of_half(2.0f * cell[j]);
        float dh = gradient[j] + carried[j];
        float dc = carried_cell[j] + dh * o * (1.0f - t * t);
        float di = dc * g * i * (1.0f - i), df = dc * before[j] * f * (1.0f - f);
        float dg = dc * i * (1.0f - g * g), dout = dh * t * o * (1.0f - o);
        carried[j] = 0.0f, carried_cell[j] = dc * f;
        flowing[j] = left[j] = di, flowing[hidden + j] = left[hidden + j] = df;
        flowing[2 * hidden + j] = left[2 * hidden + j] = dg;
        flowing[3 * hidden + j] = left[3 * hidden + j] = dout;
        bias[j] += di, bias[hidden + j] += df, bias[2 * hidden + j] += dg;
        bias[3 * hidden + j] += dout;
    }
}

static inline void N(cell_back)(
    const struct scan *s, struct N(room) *room, int64_t step, int64_t earlier, int64_t i)
{
    int64_t at = step * s->state_stride, gates = step * 4 * s->hidden;
    const float *all = room->gates == 4 * s->hidden ? s->cells : s->states;
    const float *before = earlier < 0 ? room->states : all + earlier * s->state_stride;
    float *carried = room->carried + i * room->size, *left = room->products + i * room->width;
    float *bias = s->bias_gradient + s->part * 4 * s->hidden;
    if (room->gates == 4 * s->hidden)
        N(lstm_cell_back)(s->hidden, s->saved + gates, s->cells + at, before, s->gradient + at,
                          carried, room->cells + i * room->size, s->flowing + gates, left,
                          bias);
    else
        N(gru_cell_back)(s->hidden, s->saved + gates, before, s->gradient + at, carried,
                         s->flowing + gates, left, bias);
}

static int N(backward)(const struct scan *s, int64_t parts)
{
    struct N(room) room;
    struct order order;
    if (ordered(s, &order))
        return -1;
    if (N(make_room)(s, parts, 0, &room)) {
        free(order.number);
        return -1;
    }
    for (int64_t from = s->part * BLOCK; from < s->sequences; from += s->parts * BLOCK) {
        const int64_t *number = order.number + from;
        int64_t all = minimum(BLOCK, s->sequences - from), running = 0;
        memset(room.cells, 0, 2 * BLOCK * room.size * sizeof(float)); /* and what is carried */
        for (int64_t time = s->lengths[number[0]] - 1; time >= 0; time--) {
            while (running < all && s->lengths[number[running]] > time)
                running++;
            for (int64_t i = 0; i < running; i++) {
                int64_t start = order.start[number[i]], length = s->lengths[number[i]];
                int64_t step = N(step)(s, start, length, time);
                int64_t earlier = time ? N(step)(s, start, length, time - 1) : -1;
                if (time) {
                    fetch(s->saved + earlier * 4 * s->hidden, 4 * s->hidden);
                    fetch(s->gradient + earlier * s->state_stride, s->hidden);
                    fetch(s->flowing + earlier * 4 * s->hidden, 4 * s->hidden);
                }
                N(cell_back)(s, &room, step, earlier, i);
            }
            if (time)
                N(product)(running, room.products, room.width, room.gates, room.weight, room.size,
                           room.carried, room.size, room.carried);
        }
    }
    free(room.weight);
    free(order.number);
    return 0;
}

static int N(gru_backward)(const struct scan *s) { return N(backward)(s, 3); }
static int N(lstm_backward)(const struct scan *s) { return N(backward)(s, 4); }

/* Readings of a plan, each of which goes on from any reading of the time before. */
static int N(plan)(const struct scan *s, int64_t parts)
{
    struct N(room) room;
    int64_t place = 0, size = 0, bytes = s->hidden * sizeof(float);
    if (N(make_room)(s, parts, 1, &room))
        return -1;
    for (int64_t time = 0; time < s->sequences; time++) {
        int64_t earlier = place - size, was = s->direction * size;
        size = s->lengths[time];
        const int64_t *rows = s->rows + 2 * place + s->direction * size;
        const int64_t *before = s->before + 2 * place + s->direction * size;
        for (int64_t from = 0; from < size; from += BLOCK) {
            int64_t now = minimum(BLOCK, size - from);
            for (int64_t i = 0; time && i < now; i++) {
                int64_t at = (earlier + before[from + i] - was) * s->state_stride;
                memcpy(room.states + i * room.size, s->states + at, bytes);
                if (s->cells)
                    memcpy(room.cells + i * room.size, s->cells + at, bytes);
            }
            N(recurrent)(s, &room, now, time == 0);
            for (int64_t i = 0; i < now; i++)
                N(cell)(s, &room, place + from + i, rows[from + i], i);
            if (!time)
                memset(room.states, 0, 2 * BLOCK * room.size * sizeof(float));
        }
        place += size;
    }
    free(room.weight);
    return 0;
}

static int N(gru_plan)(const struct scan *s) { return N(plan)(s, 3); }
static int N(lstm_plan)(const struct scan *s) { return N(plan)(s, 4); }

#endif
