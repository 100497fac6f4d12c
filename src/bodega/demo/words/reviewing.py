"""How buyers begin, end and head a review, by stars; {noun} is what they bought.

Sentences about a {noun} stand in the past tense, so that one mug and six pencils both fit.
"""

OPENINGS: dict[int, tuple[str, ...]] = {
    5: (
        "I could not be happier with the {noun}.",
        "Love, love, love.",
        "Bought the {noun} on a whim and it was the right whim.",
        "Second time I have ordered and just as good.",
        "Exactly as described, only nicer.",
        "A small thing that makes me happy.",
        "The {noun} arrived in two days and beautifully wrapped.",
        "Worth every penny.",
        "I had high hopes and they were met.",
        "Ordered the {noun} for myself and then again for a friend.",
        "{maker} never let me down.",
        "Perfect.",
    ),
    4: (
        "Very pleased with the {noun} on the whole.",
        "Really good, with one small thing.",
        "Nearly perfect.",
        "Good quality and quick delivery.",
        "I like the {noun} a lot.",
        "A solid buy.",
        "Does what it should, and prettily.",
        "Happy with this, would buy again.",
    ),
    3: (
        "It is all right.",
        "Mixed feelings about the {noun}.",
        "Fine, but I expected a little more.",
        "Neither bad nor wonderful.",
        "I wanted to love the {noun} and only like it.",
        "Does the job.",
    ),
    2: (
        "Not quite what I had hoped for.",
        "Disappointed with the {noun}, to be honest.",
        "For this price I expected better.",
        "Pretty, but.",
        "I would not order the {noun} again.",
    ),
    1: (
        "Sadly this went back.",
        "No.",
        "I rarely write reviews, but the {noun} let me down.",
        "Very disappointed.",
        "Not recommended.",
    ),
}

CLOSINGS: dict[int, tuple[str, ...]] = {
    5: (
        "Would buy again without thinking.",
        "Already planning the next one.",
        "Thank you!",
        "Highly recommended.",
        "Ten out of ten.",
        "A present for everybody this year.",
        "",
        "",
        "",
        "",
    ),
    4: ("I would still recommend it.", "Four stars, happily given.", "Would order again.", "", "", ""),
    3: ("Might suit somebody else better.", "Not sure I would buy it twice.", "", ""),
    2: ("The shop was kind about it, to be fair.", "A pity.", "", ""),
    1: ("Customer service did refund me quickly.", "One star for the wrapping.", ""),
}

HEADLINES: dict[int, tuple[str, ...]] = {
    5: (
        "Just lovely",
        "Perfect",
        "My new favourite",
        "Exactly right",
        "A joy",
        "Better than expected",
        "So pleased",
        "Will be back for more",
        "Wonderful {noun}",
        "Treat yourself",
        "Beautiful",
        "The best I have tried",
    ),
    4: (
        "Very good",
        "Lovely, with a small but",
        "Pleased",
        "Good {noun}",
        "Nearly there",
        "Nice quality",
        "Would buy again",
    ),
    3: ("Fine", "Not bad", "It is OK", "Hm", "Middling", "Good in parts"),
    2: ("Expected more", "Not for me", "A bit disappointing", "Pretty but not practical"),
    1: ("Disappointed", "Sent it back", "Not good", "Oh dear"),
}
