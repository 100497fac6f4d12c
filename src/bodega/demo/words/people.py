"""First names, and the kinds of life that customers lead."""

from bodega.demo.kinds.kind import words

NAMES = words(
    "Ada|Aisha|Alasdair|Alice|Amara|Amelia|Anders|Anita|Anouk|Arjun|Arthur|Asha|Beatriz|Ben|Bilal|Bronwen|Bruno"
    "|Caitlin|Callum|Camille|Carlos|Cerys|Chidi|Chloe|Clara|Connor|Dafydd|Daisy|Dan|Daniela|David|Deepa|Delphine"
    "|Dominik|Edith|Eilidh|Elena|Eleri|Elif|Emeka|Emily|Emma|Erik|Esme|Esther|Eva|Farah|Fatima|Felix|Femi|Fergus"
    "|Fiona|Florence|Frances|Freya|Gareth|George|Grace|Greta|Gwen|Hamish|Hana|Hannah|Harriet|Harry|Haruto|Hassan"
    "|Helena|Henry|Hugo|Ida|Imogen|Ines|Ingrid|Isaac|Isla|Ivo|Jack|Jana|Jasmine|Jean|Jess|Joan|Joanna|Joe|Jonas"
    "|Joseph|Josie|Juno|Kai|Karolina|Kasia|Kate|Kavita|Kenji|Kiran|Kit|Kofi|Kwame|Lara|Laura|Leah|Leo|Leila|Lewis"
    "|Liam|Lina|Linus|Lola|Louis|Lucy|Luca|Maeve|Magda|Mabel|Maja|Marcus|Margot|Maria|Marta|Martha|Matilda|Maya"
    "|Megan|Mei|Milo|Mina|Miriam|Mo|Molly|Morag|Nadia|Naomi|Nell|Niamh|Nia|Nico|Nikhil|Nina|Noah|Noor|Nora|Oisín"
    "|Olive|Oliver|Olu|Omar|Oscar|Owen|Padma|Patrick|Paula|Petra|Philippa|Phoebe|Pia|Polly|Priya|Rafael|Ravi"
    "|Rebecca|Renée|Rhys|Robin|Rosa|Rory|Ruby|Ruth|Sadia|Sam|Samira|Sanjay|Sara|Saoirse|Seán|Shreya|Sian|Silas"
    "|Simon|Sofia|Sophie|Stella|Sunita|Susan|Tamsin|Tariq|Tess|Theo|Thomas|Tilly|Tom|Uma|Una|Valentina|Vera"
    "|Victor|Viola|Wanda|Will|Winnie|Xin|Yara|Yasmin|Yuki|Yusuf|Zadie|Zara|Zoë|Żaneta|Søren|Björn|André|Chloé"
)

LIVES: tuple[tuple[float, dict[str, float]], ...] = (
    (1.3, {"coffee": 1.0, "sweet": 0.2, "paper": 0.1}),
    (1.1, {"tea": 1.0, "sweet": 0.35, "cosy": 0.2}),
    (1.1, {"baker": 1.0, "sweet": 0.25, "cook": 0.15}),
    (1.3, {"cook": 1.0, "host": 0.2, "heat": 0.15}),
    (0.7, {"heat": 1.0, "cook": 0.4}),
    (0.9, {"host": 1.0, "cook": 0.25, "decor": 0.25}),
    (1.2, {"decor": 1.0, "cosy": 0.3, "host": 0.1}),
    (1.1, {"cosy": 1.0, "bath": 0.35, "tea": 0.15}),
    (1.4, {"garden": 1.0, "birds": 0.2}),
    (0.5, {"birds": 1.0, "garden": 0.3}),
    (1.1, {"paper": 1.0, "gift": 0.2, "tea": 0.1}),
    (0.9, {"bath": 1.0, "cosy": 0.3}),
    (1.0, {"parent": 1.0, "cook": 0.1, "bath": 0.1}),
    (0.9, {"cat": 1.0, "cosy": 0.15}),
    (0.9, {"dog": 1.0, "garden": 0.15}),
    (0.6, {"sweet": 1.0, "baker": 0.2}),
)
"""How common each life is, and the themes it buys in. A customer leads one to three of them."""
