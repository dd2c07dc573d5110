//! Pages, a room each: `Data`, `build` (pure, from core types) and `view`.
