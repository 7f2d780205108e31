"""Pairs of opposite words, short lists of our own in English and Chinese.

They serve to ask a model "what if the opposite stood here?"; they are no dictionary.
"""

_PAIRS = {
    "en": (
        ("good", "bad"), ("great", "terrible"), ("excellent", "awful"), ("best", "worst"),
        ("better", "worse"), ("love", "hate"), ("loved", "hated"), ("like", "dislike"),
        ("wonderful", "dreadful"), ("perfect", "flawed"), ("brilliant", "stupid"),
        ("beautiful", "ugly"), ("interesting", "boring"), ("funny", "dull"), ("fun", "tedious"),
        ("enjoyable", "annoying"), ("enjoyed", "suffered"), ("amazing", "disappointing"),
        ("superb", "poor"), ("happy", "sad"), ("pleasant", "unpleasant"), ("clean", "dirty"),
        ("cheap", "expensive"), ("friendly", "rude"), ("fast", "slow"), ("strong", "weak"),
        ("clever", "silly"), ("fresh", "stale"), ("warm", "cold"), ("quiet", "noisy"),
        ("useful", "useless"), ("success", "failure"), ("easy", "difficult"), ("always", "never"),
        ("everything", "nothing"), ("well", "badly"), ("recommend", "avoid"), ("more", "less"),
    ),
    "zh": (
        ("好", "差"), ("干净", "肮脏"), ("便宜", "昂贵"), ("满意", "失望"), ("喜欢", "讨厌"),
        ("热情", "冷漠"), ("舒服", "难受"), ("舒适", "简陋"), ("安静", "吵闹"), ("方便", "麻烦"),
        ("快", "慢"), ("新", "旧"), ("大", "小"), ("漂亮", "难看"), ("好吃", "难吃"),
        ("优秀", "糟糕"), ("精彩", "无聊"), ("推荐", "避开"), ("宽敞", "狭窄"), ("耐心", "粗暴"),
        ("一流", "三流"), ("值得", "不值"), ("不错", "很差"), ("开心", "难过"),
    ),
}  # fmt: skip

ANTONYMS = {
    language: dict((*pairs, *((other, word) for word, other in pairs)))
    for language, pairs in _PAIRS.items()
}
"""Language → word in lower case → its opposite."""
