namespace Libvirtd.Drivers.Test.Tests;

public sealed class ExtentSetTests
{
    [Fact]
    public void Ranges_that_touch_become_one()
    {
        ExtentSet set = ExtentSet.Empty.With(10, 20).With(30, 40).With(20, 30);
        Assert.Equal([new Extent(10, 40)], set);
        Assert.Equal(30, set.Length);
        Assert.Equal((false, 10L), set.At(0));
        Assert.Equal((true, 40L), set.At(10));
        Assert.Equal((false, long.MaxValue), set.At(40));
        Assert.Same(set, set.With(15, 35));
        Assert.Same(set, set.With(5, 5));
        Assert.True(ExtentSet.All.With(3, 9).IsAll);
    }

    [Fact]
    public void Blocks_are_whole_but_the_last()
    {
        Assert.Equal([new Extent(0, 200), new Extent(400, 450)], ExtentSet.Empty.With(99, 101).With(449, 450).InBlocks(100, 450));
        Assert.Equal([new Extent(0, 100)], ExtentSet.Empty.With(1, 2).With(5, 6).InBlocks(100, 1000));
        Assert.Empty(ExtentSet.Empty.With(500, 600).InBlocks(100, 450));
        Assert.Equal([new Extent(0, 7)], ExtentSet.Empty.With(0, 7).InBlocks(100, 7));
    }

    [Fact]
    public void Sets_are_joined_cut_and_filled_from_the_end()
    {
        ExtentSet set = ExtentSet.Empty.With(10, 20).With(ExtentSet.Empty.With(15, 30).With(90, 100));
        Assert.Equal([new Extent(10, 30), new Extent(90, 100)], set);
        Assert.Equal([new Extent(10, 30), new Extent(90, 95)], set.Until(95));
        Assert.Same(set, set.Until(100));
        Assert.Equal([new Extent(10, 30), new Extent(85, 100)], set.Filled(35, 100));
        Assert.Equal([new Extent(5, 100)], set.Filled(95, 100));
        Assert.Equal([new Extent(0, 100)], set.Filled(1000, 100));
        Assert.Same(set, set.Filled(30, 100));
        Assert.Equal([new Extent(0, 7)], ExtentSet.Empty.Filled(7, 7));
    }

    /// <summary>50 sets of 200 random ranges, against a plain array of bits.</summary>
    [Fact]
    public void A_set_holds_what_a_map_of_bits_holds()
    {
        const int Size = 500;
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            bool[] bits = new bool[Size];
            ExtentSet set = ExtentSet.Empty;
            for (int i = 0; i < 200; i++)
            {
                int start = random.Next(Size);
                int end = Math.Min(Size, start + random.Next(seed < 25 ? 4 : 40));
                set = set.With(start, end);
                bits.AsSpan(start, end - start).Fill(true);
                Assert.Equal(bits.Count(static bit => bit), set.Length);
            }

            for (int offset = 0; offset < Size; offset++)
            {
                int until = Array.IndexOf(bits, !bits[offset], offset);
                Assert.Equal((bits[offset], until < 0 ? bits[offset] ? Size : long.MaxValue : until), set.At(offset));
            }

            Assert.All(set.Zip(set.Skip(1)), static pair => Assert.True(pair.First.End < pair.Second.Start));
        }
    }
}
